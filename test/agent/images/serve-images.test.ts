import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unpackArchive } from "../../../agent/images/archive.ts";
import { BlobCache } from "../../../agent/images/blob-cache.ts";
import { FrozenImage } from "../../../agent/images/frozen-image.ts";
import { type ImageServer, serveImage } from "../../../agent/images/serve-images.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { tar } from "../../bed/tar.ts";
import { blobsOf, digestOf, layoutMembers, madeImage } from "./local-image.ts";

const made = madeImage(randomBytes(2000).toString("hex"), "amd64");
let dir: string;
let served: ImageServer;
let port: number;
let sent: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-serve-"));
  const archive = tar(
    layoutMembers([{ digest: made.digest, size: made.manifest.length }], blobsOf(made)),
  );
  const { source } = await unpackArchive(Readable.from([archive]), new BlobCache(dir));
  const image = await FrozenImage.freeze(parseReference("reg.io/app:1"), source, made.digest);
  const platform = await image.forMachine({ os: "linux", architecture: "amd64" });
  if (platform === undefined) throw new Error("no platform");
  sent = 0;
  const pace = (bytes: number) => {
    sent += bytes;
    return Promise.resolve();
  };
  served = serveImage({ image, made: platform, pace });
  await new Promise<void>((resolve) => served.server.listen(0, "127.0.0.1", resolve));
  ({ port } = served.server.address() as AddressInfo);
});
afterEach(async () => {
  served.close();
  await new Promise((resolve) => served.server.close(resolve));
  await rm(dir, { recursive: true });
});

async function ask(
  path: string,
  {
    method = "GET",
    token = served.token.reveal(),
    range,
  }: { method?: string; token?: string; range?: string } = {},
): Promise<IncomingMessage> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(range === undefined ? {} : { range }),
  };
  return await new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, method, headers }, resolve).on("error", reject).end();
  });
}
const blob = (digest: string) => `/v2/app/blobs/${digest}?ns=reg.io`;

describe("the registry at the end of a connection", () => {
  test("has the image's manifest, configuration and layers, and no more", async () => {
    const manifest = await ask(`/v2/app/manifests/${made.digest}?ns=reg.io`);
    expect(manifest.headers["docker-content-digest"]).toBe(made.digest);
    expect(manifest.headers["content-type"]).toBe("application/vnd.oci.image.manifest.v1+json");
    expect(await text(manifest)).toBe(made.manifest);
    expect(await text(await ask(blob(digestOf(made.config))))).toBe(made.config);
    expect(await buffer(await ask(blob(digestOf(made.layer))))).toEqual(made.layer);
    expect(sent).toBe(made.layer.length);
    for (const path of [blob(digestOf("other")), "/v2/app/tags/list", "/", "/v2/app/manifests/1"])
      expect((await ask(path)).statusCode).toBe(404);
    expect((await ask("/v2/")).statusCode).toBe(200);
    expect((await ask("/v2/", { method: "PUT" })).statusCode).toBe(405);
  });

  test("gives a layer from a byte on, and its size without it", async () => {
    const rest = await ask(blob(digestOf(made.layer)), { range: "bytes=1000-" });
    expect(rest.statusCode).toBe(206);
    expect(rest.headers["content-range"]).toBe(
      `bytes 1000-${made.layer.length - 1}/${made.layer.length}`,
    );
    expect(await buffer(rest)).toEqual(made.layer.subarray(1000));
    const head = await ask(blob(digestOf(made.layer)), { method: "HEAD" });
    expect(head.headers["content-length"]).toBe(String(made.layer.length));
  });

  test("is for whoever knows its token", async () => {
    for (const token of ["", "wrong", served.token.reveal().toLowerCase()])
      expect((await ask("/v2/", { token })).statusCode).toBe(401);
  });

  test("answers one that tries TLS first", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(Buffer.from("16030100c8010000c4030300", "hex"));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("tells what it could not read", async () => {
    await rm(join(dir, "blobs", digestOf(made.layer).replace(":", "/")));
    expect((await ask(blob(digestOf(made.layer)))).statusCode).toBe(502);
    expect(served.failure()).toMatchObject({ type: "not-found" });
  });
});
