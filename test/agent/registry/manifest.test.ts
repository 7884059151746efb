import { expect, test } from "vitest";
import { readManifestSize } from "../../../agent/registry/manifest.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test("a manifest's size is its configuration and layers", () => {
  const text = JSON.stringify({ config: { size: 10 }, layers: [{ size: 200 }, { size: 3000 }] });
  expect(readManifestSize(text)).toEqual({ bytes: 3210 });
});

test("an index leads to linux/amd64, else to its first", () => {
  const arm = { digest: digest("a"), platform: { os: "linux", architecture: "arm64" } };
  const amd = { digest: digest("b"), platform: { os: "linux", architecture: "amd64" } };
  expect(readManifestSize(JSON.stringify({ manifests: [arm, amd] }))).toEqual({
    lookAt: digest("b"),
  });
  expect(readManifestSize(JSON.stringify({ manifests: [arm] }))).toEqual({ lookAt: digest("a") });
});

test.each(["", "[]", "null", "{}", '{"manifests":[]}', '{"manifests":[{"digest":"../x"}]}'])(
  "%j tells nothing",
  (text) => {
    expect(readManifestSize(text)).toEqual({ unknown: true });
  },
);
