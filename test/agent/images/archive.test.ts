import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unpackArchive } from "../../../agent/images/archive.ts";
import { BlobCache } from "../../../agent/images/blob-cache.ts";
import { FrozenImage } from "../../../agent/images/frozen-image.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { tar } from "../../bed/tar.ts";
import { blobsOf, digestOf, layoutMembers, madeImage, madeIndex } from "./local-image.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-archive-"));
});
afterEach(() => rm(dir, { recursive: true }));

const unpack = (bytes: Buffer) => unpackArchive(Readable.from([bytes]), new BlobCache(dir));
const blobs = async () => (await readdir(join(dir, "blobs", "sha256"))).sort();
const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };

describe("an archive of an OCI layout", () => {
  const image = madeImage("one", "amd64");
  const size = image.manifest.length;
  const members = layoutMembers(
    [
      { digest: image.digest, size, annotations: { "io.containerd.image.name": "reg.io/app:1" } },
      {
        ...{ digest: image.digest, size },
        annotations: { "org.opencontainers.image.ref.name": "stable" },
      },
    ],
    blobsOf(image),
  );

  test.each([
    ["plain", tar(members)],
    ["compressed", gzipSync(tar(members))],
    ["with a dot before each path", tar(members.map((one) => ({ ...one, path: `./${one.path}` })))],
  ])("%s gives its images by all their names, and its blobs", async (_form, bytes) => {
    const { images, source } = await unpack(bytes);
    expect(images).toEqual([{ digest: image.digest, names: ["reg.io/app:1", "stable"] }]);
    const frozen = await FrozenImage.freeze(parseReference("reg.io/app:1"), source, image.digest);
    expect(frozen.byDigest).toBe(`reg.io/app@${image.digest}`);
    const made = await frozen.forMachine(AMD64);
    const [layer] = made?.layers ?? [];
    expect(await readFile(await source.file(layer?.digest ?? ""))).toEqual(image.layer);
    expect(await blobs()).toHaveLength(3);
  });

  test("from a file is read again without harm", async () => {
    const file = join(dir, "app.tar");
    await writeFile(file, tar(members));
    await unpackArchive(createReadStream(file), new BlobCache(dir));
    await unpackArchive(createReadStream(file), new BlobCache(dir));
    expect(await blobs()).toHaveLength(3);
  });

  test("with a damaged blob is refused, and nothing of that is kept", async () => {
    const wrong = "0".repeat(64);
    const path = `blobs/sha256/${wrong}`;
    const bytes = tar([{ path, data: "another" }, ...members]);
    await expect(unpack(bytes)).rejects.toMatchObject({
      ...{ type: "unreadable", message: expect.stringContaining("damaged") },
    });
    for (const name of await blobs()) expect(name).toMatch(/^(?!0{64})[0-9a-f]{64}$/);
  });

  test("of an index is of those platforms whose manifests are in it", async () => {
    const other = madeImage("other", "arm64");
    const { index, digest } = madeIndex([image, other]);
    const { source } = await unpack(
      tar(layoutMembers([{ digest, size: index.length }], [index, ...blobsOf(image)])),
    );
    const frozen = await FrozenImage.freeze(parseReference("reg.io/app:1"), source, digest);
    expect(frozen.top.digest).toBe(digest);
    expect(await frozen.forMachine(AMD64)).toMatchObject({ platform: AMD64 });
    expect(await frozen.forMachine(ARM64)).toBeUndefined();
  });
});

test("an archive whose blob is damaged ends where it is, whatever would follow", async () => {
  const wrong = `blobs/sha256/${"0".repeat(64)}`;
  const rest = tar([{ path: `blobs/sha256/${"1".repeat(64)}`, data: Buffer.alloc(100_000) }]);
  const parts = [tar([{ path: wrong, data: "another" }]).subarray(0, 1024), rest.subarray(0, 5000)];
  const bytes = new Readable({ read: () => undefined });
  for (const part of parts) bytes.push(part);
  // Its end never comes.
  await expect(unpackArchive(bytes, new BlobCache(dir))).rejects.toMatchObject({
    ...{ type: "unreadable", message: expect.stringContaining("damaged") },
  });
  expect(await blobs()).toEqual([]);
});

describe("an archive of docker save", () => {
  const one = madeImage("one", "amd64");
  const two = madeImage("two", "amd64");
  const list = (more: object = {}) =>
    JSON.stringify([
      { Config: "one.json", RepoTags: ["app:1", "app:latest"], Layers: ["a/layer.tar"] },
      { Config: "two.json", RepoTags: null, Layers: ["b/layer.tar"], ...more },
    ]);
  const members = [
    { path: "one.json", data: one.config },
    { path: "two.json", data: two.config },
    { path: "a/layer.tar", data: one.layer },
    { path: "a/VERSION", data: "1.0" },
    { path: "b/layer.tar", data: two.layer },
  ];

  test("gives each image a manifest, always the same one", async () => {
    const bytes = tar([...members, { path: "manifest.json", data: list() }]);
    const { images, source } = await unpack(bytes);
    expect(images.map(({ names }) => names)).toEqual([["app:1", "app:latest"], []]);
    expect((await unpack(bytes)).images).toEqual(images);
    const frozen = await FrozenImage.freeze(parseReference("app:1"), source, images[0]?.digest);
    const made = await frozen.forMachine(AMD64);
    expect(made?.config.digest).toBe(digestOf(one.config));
    expect(made?.layers).toEqual([
      {
        ...{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(one.layer) },
        sizeBytes: one.layer.length,
      },
    ]);
    expect(made?.chainIds).toEqual([digestOf(one.layer)]);
  });

  test("may link a layer that two images share", async () => {
    const linked = [
      ...members.slice(0, 4),
      { path: "b/layer.tar", link: "../a/layer.tar" },
      { path: "two.json", data: one.config },
      { path: "manifest.json", data: list() },
    ];
    const { images } = await unpack(tar(linked));
    expect(images).toHaveLength(2);
  });

  test.each([
    ["a layer that is not in it", list({ Layers: ["c/layer.tar"] }), "it lacks c/layer.tar"],
    ["a configuration of other layers", list({ Layers: [] }), "of other layers"],
    ["no list", "{}", "lists no images"],
  ])("with %s is refused", async (_what, manifest, words) => {
    const bytes = tar([...members, { path: "manifest.json", data: manifest }]);
    await expect(unpack(bytes)).rejects.toMatchObject({
      ...{ type: "unreadable", message: expect.stringContaining(words) },
    });
  });
});

test.each([
  ["no tar", Buffer.from("not a tar, but some text that is long enough".repeat(40))],
  ["an archive of something else", tar([{ path: "README", data: "hello" }])],
  [
    "an archive that ends early",
    tar([{ path: "a.tar", data: Buffer.alloc(4096) }]).subarray(0, 1500),
  ],
])("%s is refused", async (_what, bytes) => {
  await expect(unpack(bytes)).rejects.toMatchObject({ type: "unreadable" });
});
