import { expect, test } from "vitest";
import { classifyPullFailure } from "../../../../agent/operations/verify/pull-failure.ts";

const IMAGE = "reg.example:5000/team/app:1";
const CONTAINERD = `failed to pull and unpack image "${IMAGE}": failed to resolve reference "${IMAGE}": `;
const UNPACK = `failed to pull and unpack image "${IMAGE}": `;

/** Wordings of containerd 1.6, 1.7 and 2, docker (by cri-dockerd) and CRI-O. */
test.each([
  // containerd
  [
    "denied",
    `${CONTAINERD}failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized`,
  ],
  [
    "denied",
    `${CONTAINERD}pulling from host reg.example:5000 failed with status code [manifests 1]: 401 Unauthorized`,
  ],
  [
    "denied",
    `${CONTAINERD}unexpected status from HEAD request to https://reg.example:5000/v2/team/app/manifests/1: 401 Unauthorized`,
  ],
  ["denied", `${CONTAINERD}unexpected status code [manifests 1]: 403 Forbidden`],
  [
    "denied",
    `${CONTAINERD}failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://reg.example/token: 403 Forbidden: denied`,
  ],
  [
    "denied",
    `${CONTAINERD}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
  ],
  [
    "denied-or-missing",
    `${CONTAINERD}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
  ],
  ["not-found", `${CONTAINERD}${IMAGE}: not found`],
  ["not-found", `rpc error: code = NotFound desc = ${CONTAINERD}${IMAGE}: not found`],
  ["not-found", `${CONTAINERD}unexpected status code [manifests 1]: 404 Not Found`],
  ["rate-limited", `${CONTAINERD}unexpected status code [manifests 1]: 429 Too Many Requests`],
  [
    "rate-limited",
    `${UNPACK}failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/x: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.`,
  ],
  ["no-platform", `${UNPACK}no match for platform in manifest: not found`],
  ["no-platform", `no matching manifest for linux/arm64/v8 in the manifest list entries`],
  [
    "tls",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/team/app/manifests/1": x509: certificate signed by unknown authority`,
  ],
  [
    "tls",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": tls: failed to verify certificate: x509: certificate is valid for 10.0.0.1, not reg.example`,
  ],
  [
    "tls",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": http: server gave HTTP response to HTTPS client`,
  ],
  [
    "unreachable",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": dial tcp 10.0.0.9:5000: connect: connection refused`,
  ],
  [
    "unreachable",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": dial tcp: lookup reg.example on 10.0.0.1:53: no such host`,
  ],
  [
    "unreachable",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": dial tcp 10.0.0.9:5000: i/o timeout`,
  ],
  [
    "unreachable",
    `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": net/http: TLS handshake timeout`,
  ],
  ["unreachable", `${CONTAINERD}unexpected status code [manifests 1]: 503 Service Unavailable`],
  ["unreachable", `${CONTAINERD}failed to do request: Head "https://reg.example:5000/v2/": EOF`],
  [
    "disk",
    `${UNPACK}failed to extract layer sha256:4010: write /var/lib/containerd/x: no space left on device`,
  ],
  // docker
  [
    "denied",
    `Error response from daemon: Head "https://reg.example:5000/v2/team/app/manifests/1": no basic auth credentials`,
  ],
  [
    "denied",
    `Error response from daemon: Head "https://reg.example:5000/v2/team/app/manifests/1": unauthorized: authentication required`,
  ],
  [
    "denied-or-missing",
    `Error response from daemon: pull access denied for team/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  ],
  [
    "not-found",
    `Error response from daemon: manifest for ${IMAGE} not found: manifest unknown: manifest unknown`,
  ],
  [
    "rate-limited",
    `Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.`,
  ],
  // CRI-O
  [
    "denied",
    `initializing source docker://${IMAGE}: reading manifest 1 in reg.example:5000/team/app: unauthorized: authentication required`,
  ],
  [
    "denied",
    `initializing source docker://${IMAGE}: Requesting bearer token: invalid status code from registry 403 (Forbidden): status code 403`,
  ],
  [
    "not-found",
    `initializing source docker://${IMAGE}: reading manifest 1 in reg.example:5000/team/app: manifest unknown`,
  ],
  [
    "tls",
    `pinging container registry reg.example:5000: Get "https://reg.example:5000/v2/": x509: certificate signed by unknown authority`,
  ],
  [
    "unreachable",
    `pinging container registry reg.example:5000: Get "https://reg.example:5000/v2/": dial tcp 10.0.0.9:5000: connect: no route to host`,
  ],
  [
    "no-platform",
    `choosing an image from manifest list docker://${IMAGE}: no image found in manifest list for architecture arm64, variant "v8", OS linux`,
  ],
  // nobody's
  ["unproven", "something never seen"],
  ["unproven", ""],
])("%s: %s", (result, message) => {
  expect(classifyPullFailure(message, IMAGE).result).toBe(result);
});

test("an image's own name decides nothing", () => {
  const image = "denied.example/x509/unauthorized:429";
  const message = `manifest for ${image} not found: manifest unknown`;
  expect(classifyPullFailure(message, image).result).toBe("not-found");
  const quoted = `failed to resolve reference \\"${image}\\": connection refused`;
  expect(classifyPullFailure(quoted, image).result).toBe("unreachable");
  const digested = `${image}@sha256:403`;
  expect(classifyPullFailure(`manifest for ${digested} manifest unknown`, digested).result).toBe(
    "not-found",
  );
});

test("a bare number is no status", () => {
  expect(classifyPullFailure("read 401 of 403 bytes", IMAGE).result).toBe("unproven");
});
