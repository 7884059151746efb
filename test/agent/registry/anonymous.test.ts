import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { askAnonymously } from "../../../agent/registry/anonymous.ts";
import { readCa } from "../../../agent/registry/reach.ts";
import { type HttpsRig, httpsRig } from "./https-rig.ts";

const rigs: HttpsRig[] = [];
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

const never = new AbortController().signal;

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpsRig> {
  const rig = await httpsRig(handler);
  rigs.push(rig);
  return rig;
}

const ask = async (rig: HttpsRig, options: { timeoutMs?: number } = {}) =>
  await askAnonymously(
    { domain: rig.host, path: "team/app", tag: "1" },
    { ca: await readCa(rig.caFile), signal: never, ...options },
  );

const MANIFEST = JSON.stringify({ config: { size: 1 }, layers: [{ size: 20 }, { size: 300 }] });

test("an image that anybody may pull is public, with its size", async () => {
  const rig = await serve((_, response) => response.end(MANIFEST));
  expect(await ask(rig)).toEqual({ result: "public", sizeBytes: 321 });
  expect(rig.requests).toEqual([
    { method: "GET", url: "/v2/team/app/manifests/1", authorization: undefined },
  ]);
});

test("an index is followed to the size of one platform", async () => {
  const digest = `sha256:${"b".repeat(64)}`;
  const rig = await serve(({ url }, response) => {
    const index = { manifests: [{ digest, platform: { os: "linux", architecture: "amd64" } }] };
    response.end(url?.endsWith(digest) ? MANIFEST : JSON.stringify(index));
  });
  expect(await ask(rig)).toEqual({ result: "public", sizeBytes: 321 });
});

test.each([
  [401, { result: "denied" }],
  [403, { result: "denied" }],
  [404, { result: "not-found" }],
  [500, { result: "unknown", reason: "it answered HTTP 500" }],
  [429, { result: "unknown", reason: "it answered HTTP 429" }],
])("HTTP %i", async (status, answer) => {
  const rig = await serve((_, response) => {
    response.writeHead(status, { "WWW-Authenticate": 'Basic realm="r"' }).end();
  });
  expect(await ask(rig)).toEqual(answer);
});

/** A registry with a token service at its own address; `grant` is what the token is worth. */
function tokenRegistry(grant: number) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const here = `https://${request.headers.host}`;
    if (request.url?.startsWith("/token?")) {
      response.end(JSON.stringify({ token: "anybody" }));
    } else if (request.headers.authorization === "Bearer anybody") {
      response.writeHead(grant).end(grant === 200 ? MANIFEST : "");
    } else {
      const challenge = `Bearer realm="${here}/token",service="s",scope="repository:team/app:pull"`;
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    }
  };
}

test("a token that anybody gets makes an image public, or not", async () => {
  const open = await serve(tokenRegistry(200));
  expect(await ask(open)).toMatchObject({ result: "public" });
  expect(open.requests.map(({ url }) => url)).toContain(
    "/token?service=s&scope=repository%3Ateam%2Fapp%3Apull",
  );
  expect(await ask(await serve(tokenRegistry(401)))).toEqual({ result: "denied" });
});

test("a token goes to the host that asked for it and to no redirect's", async () => {
  const other = await serve((_, response) => response.end(MANIFEST));
  const first = await serve((request, response) => {
    if (request.headers.authorization === undefined) return tokenRegistry(200)(request, response);
    return response.writeHead(307, { Location: `https://${other.host}/elsewhere` }).end();
  });
  // Each rig has a CA of its own: the second host isn't trusted, so only the redirect is seen.
  const answer = await ask(first);
  expect(answer).toMatchObject({ result: "unknown" });
  expect(other.requests).toEqual([]);
});

test("a redirect is followed as a stranger, a few times", async () => {
  const rig = await serve((request, response) => {
    if (request.url === "/moved") response.end(MANIFEST);
    else response.writeHead(302, { Location: "/moved" }).end();
  });
  expect(await ask(rig)).toMatchObject({ result: "public" });
  expect(rig.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  const endless = await serve((_, response) => response.writeHead(302, { Location: "/x" }).end());
  expect(await ask(endless)).toEqual({ result: "unknown", reason: "it redirects too often" });
});

test("what is not https is not asked, neither by redirect nor by realm", async () => {
  const redirect = await serve((_, response) =>
    response.writeHead(302, { Location: "http://127.0.0.1/x" }).end(),
  );
  expect(await ask(redirect)).toEqual({ result: "unknown", reason: "it is not https" });
  const realm = await serve((_, response) =>
    response.writeHead(401, { "WWW-Authenticate": 'Bearer realm="http://127.0.0.1/t"' }).end(),
  );
  expect(await ask(realm)).toEqual({ result: "unknown", reason: "it is not https" });
});

test("without its CA, without an answer, or with an endless one, nothing is known", async () => {
  const rig = await serve((_, response) => response.end(MANIFEST));
  const stranger = await askAnonymously(
    { domain: rig.host, path: "a" },
    { signal: never, timeoutMs: 5000 },
  );
  expect(stranger).toMatchObject({
    result: "unknown",
    reason: expect.stringContaining("certificate"),
    untrusted: true,
  });
  const silent = await serve(() => undefined);
  expect(await ask(silent, { timeoutMs: 300 })).toEqual({
    result: "unknown",
    reason: "it did not answer in time",
  });
  const endless = await serve((_, response) => {
    const piece = Buffer.alloc(1024 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  });
  expect(await ask(endless)).toMatchObject({ reason: expect.stringContaining("exceeds") });
});

test("a CA file that can't be read is an error", async () => {
  await expect(readCa("/nonexistent/ca.pem")).rejects.toMatchObject({ code: "PC001" });
});
