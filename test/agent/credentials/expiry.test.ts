import { expect, test } from "vitest";
import { lifespanOf } from "../../../agent/credentials/expiry.ts";
import { Secret } from "../../../agent/secret.ts";

const END = Date.UTC(2026, 10, 24, 12) / 1000;
const ENDS = "2026-11-24T12:00:00.000Z";
const ACR_USER = "00000000-0000-0000-0000-000000000000";

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown) =>
  `${base64url({ alg: "RS256", typ: "JWT" })}.${base64url(claims)}.c2ln`;
const ecr = (fields: object) =>
  Buffer.from(
    JSON.stringify({ payload: "cGF5", datakey: "a2V5", version: "2", ...fields }),
  ).toString("base64");
const lifespan = (key: string, username: string, password: string) =>
  lifespanOf({
    key,
    username,
    auth: new Secret(Buffer.from(`${username}:${password}`).toString("base64")),
  });

test("a JWT ends when it says, whoever made it", () => {
  const found = lifespan("https://reg.example/v1/", "robot", jwt({ exp: END, sub: "robot" }));
  expect(found).toEqual({ kind: "jwt", expiresAt: ENDS });
  expect(lifespan("reg.example", "robot", jwt({ exp: END + 0.7 })).expiresAt).toBe(ENDS);
});

test.each([
  ["no exp", {}],
  ["an exp that is a text", { exp: String(END) }],
  ["an exp in milliseconds", { exp: END * 1000 }],
  ["a negative exp", { exp: -1 }],
  ["an exp past all years", { exp: 1e300 }],
  ["claims that are a list", []],
  ["claims that are null", null],
])("a JWT with %s ends nobody knows when", (_name, claims) => {
  expect(lifespan("reg.example", "robot", jwt(claims)).expiresAt).toBe("unknown");
});

test.each([
  "a.b.c",
  "...",
  "dckr_pat_abcdefghij",
  `${base64url({ typ: "JWT" })}.${base64url({ exp: END })}.x`,
  `${base64url({ alg: "none" })}.${base64url({ exp: END })}`,
  "ünïcode.p.w",
  "",
])("%j is a password whose end nothing tells", (password) => {
  expect(lifespan("reg.example", "me", password)).toEqual({
    kind: "password",
    expiresAt: "unknown",
  });
});

test.each([
  "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
  "https://123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
  "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
  "123456789012.dkr-ecr.us-east-1.on.aws",
  "*.dkr.ecr.*.amazonaws.com",
  "public.ecr.aws/team",
])("ECR's password for %s holds its end", (key) => {
  const found = lifespan(key, "AWS", ecr({ type: "DATA_KEY", expiration: END }));
  expect(found).toEqual({ kind: "ecr-token", expiresAt: ENDS });
});

test("an ECR password that can't be read lived at most 12 hours", () => {
  const unread = { kind: "ecr-token", expiresAt: "unknown", lifetime: "12h" };
  const key = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
  expect(lifespan(key, "AWS", ecr({}))).toEqual(unread);
  expect(lifespan(key, "AWS", "not base64!")).toEqual(unread);
  expect(lifespan("reg.example", "AWS", ecr({ expiration: END })).kind).toBe("password");
});

test.each(["gcr.io", "https://eu.gcr.io", "europe-docker.pkg.dev/project/repo"])(
  "a Google access token for %s lives an hour, from nobody knows when",
  (key) => {
    const unknown = { kind: "gcp-access-token", expiresAt: "unknown", lifetime: "1h" };
    expect(lifespan(key, "oauth2accesstoken", "ya29.x")).toEqual(unknown);
    expect(lifespan(key, "_dcgcloud_token", "ya29.x")).toEqual(unknown);
  },
);

test.each(["_json_key", "_json_key_base64"])("a service account key (%s) never ends", (user) => {
  const found = lifespan("gcr.io", user, '{"type":"service_account"}');
  expect(found).toEqual({ kind: "gcp-service-account-key", expiresAt: "never" });
});

test("Azure's refresh token is a JWT with an end; one that can't be read lives 3 hours", () => {
  expect(lifespan("team.azurecr.io", ACR_USER, jwt({ exp: END }))).toEqual({
    kind: "acr-refresh-token",
    expiresAt: ENDS,
  });
  expect(lifespan("team.azurecr.cn", ACR_USER, "opaque").lifetime).toBe("3h");
  expect(lifespan("reg.example", ACR_USER, jwt({ exp: END })).kind).toBe("jwt");
});
