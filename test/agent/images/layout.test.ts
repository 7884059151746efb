import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FrozenImage } from "../../../agent/images/frozen-image.ts";
import { openLayout } from "../../../agent/images/layout.ts";
import { parseReference } from "../../../agent/registry/reference.ts";
import { blobsOf, digestOf, layoutMembers, madeImage } from "./local-image.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-layout-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function write(
  members: readonly { readonly path: string; readonly data: string | Buffer }[],
) {
  for (const { path, data } of members) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), data);
  }
}

const image = madeImage("one");
const named = [{ digest: image.digest, size: image.manifest.length }];
const reference = parseReference("reg.io/app:1");

test("a layout's blobs are read where they are", async () => {
  await write(layoutMembers(named, blobsOf(image)));
  const { images, source } = await openLayout(dir);
  expect(images).toEqual([{ digest: image.digest, names: [] }]);
  const frozen = await FrozenImage.freeze(reference, source, image.digest);
  expect(await text(await frozen.read(digestOf(image.layer), 512))).toBe(
    image.layer.subarray(512).toString(),
  );
});

test("what it lacks is told by its digest", async () => {
  await write(layoutMembers(named, [image.manifest, image.config]));
  const { source } = await openLayout(dir);
  const frozen = await FrozenImage.freeze(reference, source, image.digest);
  await expect(frozen.fetch(digestOf(image.layer))).rejects.toMatchObject({
    ...{ type: "not-found", message: expect.stringContaining(digestOf(image.layer)) },
  });
});

test("a manifest that is not what its name says is refused", async () => {
  await write(layoutMembers(named, blobsOf(image)));
  await writeFile(join(dir, "blobs", image.digest.replace(":", "/")), madeImage("two").manifest);
  const { source } = await openLayout(dir);
  await expect(FrozenImage.freeze(reference, source, image.digest)).rejects.toMatchObject({
    type: "unreadable",
  });
});

test("a folder of something else is refused", async () => {
  await expect(openLayout(dir)).rejects.toMatchObject({ type: "unreadable" });
  await write([{ path: "index.json", data: '{"schemaVersion":2}' }]);
  await expect(openLayout(dir)).rejects.toMatchObject({ type: "unreadable" });
});
