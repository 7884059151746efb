import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BlobCache } from "../../../agent/images/blob-cache.ts";
import { RegistrySource } from "../../../agent/images/registry-source.ts";
import { readCa } from "../../../agent/registry/reach.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { Secret } from "../../../agent/secret.ts";
import { type HttpsRig, httpsRig } from "../registry/https-rig.ts";

const CONTENT = randomBytes(300_000);
const DIGEST = `sha256:${createHash("sha256").update(CONTENT).digest("hex")}`;
const BLOB = `/v2/team/app/blobs/${DIGEST}`;
const AUTH = Buffer.from("robot:canary").toString("base64");

const open: { close(): Promise<void> }[] = [];
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-images-"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
  await rm(dir, { recursive: true });
});

type Script = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A scripted registry: what it answers to whoever is let in. */
async function source(script: Script, auths: readonly string[] = [AUTH]) {
  const rig: HttpsRig = await httpsRig(script);
  open.push(rig);
  const reach = { ca: (await readCa(rig.caFile)) ?? "" };
  const made = new RegistrySource({
    reference: parseReference(`${rig.host}/team/app:1`),
    logins: auths.map((auth) => new Secret(auth)),
    reach,
    signal: new AbortController().signal,
  });
  return { rig, source: made };
}

/** With a password, as Basic. */
const guarded =
  (script: Script): Script =>
  (request, response) => {
    if (request.headers.authorization === `Basic ${AUTH}`) return script(request, response);
    return response.writeHead(401, { "WWW-Authenticate": 'Basic realm="r"' }).end();
  };

/** The blob, from a byte on where that is asked for. */
const blob: Script = (request, response) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  if (from === undefined) return response.writeHead(200).end(CONTENT);
  return response.writeHead(206).end(CONTENT.subarray(Number(from)));
};

describe("a registry", () => {
  test("is asked with each login in turn, and then with the one that worked", async () => {
    const wrong = Buffer.from("robot:wrong").toString("base64");
    const { rig, source: from } = await source(guarded(blob), [wrong, AUTH]);
    await text(await from.blob(DIGEST));
    await text(await from.blob(DIGEST));
    expect(rig.requests.map(({ authorization }) => authorization)).toEqual([
      ...[undefined, `Basic ${wrong}`, `Basic ${AUTH}`, `Basic ${AUTH}`],
    ]);
  });

  test("that lets nobody in, or does not have it, is told apart", async () => {
    const { source: closed } = await source(guarded(blob), []);
    await expect(closed.blob(DIGEST)).rejects.toMatchObject({ type: "denied" });
    const { source: empty } = await source((_request, response) => response.writeHead(404).end());
    await expect(empty.manifest("1")).rejects.toMatchObject({ type: "not-found" });
    const { source: broken } = await source((_request, response) => response.writeHead(502).end());
    await expect(broken.manifest("1")).rejects.toMatchObject({ type: "unreachable" });
  });

  test("may lead to another host, which gets no login", async () => {
    const seen: (string | undefined)[] = [];
    const other = await httpsRig((request, response) => {
      seen.push(request.headers.authorization);
      return blob(request, response);
    });
    open.push(other);
    const { source: from, rig } = await source(
      guarded((_request, response) =>
        response.writeHead(307, { Location: `https://${other.host}/blob` }).end(),
      ),
    );
    // The other host's certificate is one that nobody here knows.
    await expect(from.blob(DIGEST)).rejects.toMatchObject({ type: "unreachable" });
    expect(rig.requests).toHaveLength(2);
    expect(seen).toEqual([]);
  });
});

describe("the cache", () => {
  const stored = () => readdir(join(dir, "blobs", "sha256"));

  test("reads a blob once, however many ask for it, and not again in a later run", async () => {
    const { rig, source: from } = await source(guarded(blob));
    const cache = new BlobCache(dir);
    const read = (one: BlobCache) => one.path(DIGEST, (at) => from.blob(DIGEST, at));
    await Promise.all([read(cache), read(cache), read(cache)]);
    expect(await readFile(await read(cache))).toEqual(CONTENT);
    await read(new BlobCache(dir));
    const asked = rig.requests.filter(({ authorization }) => authorization !== undefined);
    expect(asked.map(({ url }) => url)).toEqual([BLOB]);
    expect(cache.fetchedBytes).toBe(CONTENT.length);
  });

  test("goes on where a download was cut", async () => {
    let cuts = 2;
    const { source: from } = await source(
      guarded((request, response) => {
        if (cuts === 0) return blob(request, response);
        cuts -= 1;
        const [, start = "0"] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
        const head = { "Content-Length": CONTENT.length - Number(start) };
        response.writeHead(start === "0" ? 200 : 206, head);
        const part = CONTENT.subarray(Number(start), Number(start) + 100_000);
        return response.write(part, () => setTimeout(() => response.destroy(), 50));
      }),
    );
    const cache = new BlobCache(dir);
    const path = await cache.path(DIGEST, (at) => from.blob(DIGEST, at));
    expect(await readFile(path)).toEqual(CONTENT);
    expect(cache.fetchedBytes).toBe(CONTENT.length);
  });

  test("keeps nothing that is not what its name says", async () => {
    const { source: from } = await source(
      guarded((_request, response) => response.writeHead(200).end("another")),
    );
    const cache = new BlobCache(dir);
    await expect(cache.path(DIGEST, (at) => from.blob(DIGEST, at))).rejects.toMatchObject({
      type: "unreachable",
    });
    expect(await stored()).toEqual([]);
  });
});
