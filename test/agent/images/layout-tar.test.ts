import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { layoutTar } from "../../../agent/images/layout-tar.ts";
import type { RawBlob } from "../../../agent/images/model.ts";

function blob(content: string): RawBlob {
  const bytes = Buffer.from(content);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return {
    mediaType: "application/vnd.oci.image.index.v1+json",
    digest,
    sizeBytes: bytes.length,
    bytes,
  };
}

test("the layout is a tar that a real tar reads, and names the image by its own digest", () => {
  const [top, manifest] = [blob("top"), blob("m".repeat(600))];
  const archive = layoutTar("reg.example/app:1", [top, manifest, manifest]);
  const tar = (...args: string[]) =>
    execFileSync("tar", args, { input: archive, encoding: "utf8" });
  const path = (one: RawBlob) => `blobs/sha256/${one.digest.slice(7)}`;
  expect(tar("-tf", "-").trim().split("\n")).toEqual([
    ...["oci-layout", "index.json", path(top), path(manifest)],
  ]);
  expect(tar("-xOf", "-", path(manifest))).toBe("m".repeat(600));
  expect(JSON.parse(tar("-xOf", "-", "index.json"))).toMatchObject({
    manifests: [
      {
        digest: top.digest,
        size: 3,
        annotations: { "io.containerd.image.name": "reg.example/app:1" },
      },
    ],
  });
});
