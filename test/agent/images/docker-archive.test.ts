import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { Parser } from "tar";
import { expect, test } from "vitest";
import { unpackArchive } from "../../../agent/images/archive.ts";
import { BlobCache } from "../../../agent/images/blob-cache.ts";
import { dockerArchive } from "../../../agent/images/docker-archive.ts";
import { digestOf, madeImage } from "./local-image.ts";

const image = madeImage("one");
const blobs = [image.layer, gzipSync(randomBytes(700))];
const layers = blobs.map((blob) => ({
  ...{ mediaType: "t", digest: digestOf(blob), sizeBytes: blob.length },
}));
const config = {
  ...{ mediaType: "t", digest: digestOf(image.config), sizeBytes: image.config.length },
  bytes: Buffer.from(image.config),
};
const read = (digest: string) =>
  Promise.resolve(Readable.from(blobs.filter((blob) => digestOf(blob) === digest)));

async function pathsIn(archive: Buffer): Promise<string[]> {
  const paths: string[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      paths.push(entry.path);
      entry.resume();
    },
  });
  await new Promise((resolve, reject) => {
    parser.on("end", resolve).on("error", reject);
    parser.end(archive);
  });
  return paths;
}

test("is as long as it says, and names layers that are not in it", async () => {
  const made = dockerArchive({ name: "r/app:1", config, layers, sent: layers.slice(1), read });
  const archive = await buffer(made.stream());
  expect(archive).toHaveLength(made.sizeBytes);
  const [, second = ""] = layers.map(({ digest }) => `${digest.slice("sha256:".length)}.tar`);
  expect(await pathsIn(archive)).toEqual([
    ...["manifest.json", `${config.digest.slice("sha256:".length)}.json`, second],
  ]);
});

test("is read again as the image that it was", async () => {
  const made = dockerArchive({
    ...{ name: "r/app:1", config, read },
    ...{ layers: layers.slice(0, 1), sent: layers.slice(0, 1) },
  });
  const dir = await mkdtemp(join(tmpdir(), "pullcast-docker-archive-"));
  try {
    const { images } = await unpackArchive(made.stream(), new BlobCache(dir));
    expect(images.map(({ names }) => names)).toEqual([["r/app:1"]]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
