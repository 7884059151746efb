import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { choosePlatform, platformOfMachine, platformText } from "../../../agent/images/platform.ts";
import { readChainIds, readManifest } from "../../../agent/images/read-manifest.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const blob = (letter: string, size = 1) => ({ mediaType: "t", digest: digest(letter), size });

test("a manifest names its configuration and layers, an index its platforms", () => {
  expect(readManifest(bytes({ config: blob("a"), layers: [blob("b", 2)] }))).toEqual({
    type: "image",
    config: { mediaType: "t", digest: digest("a"), sizeBytes: 1 },
    layers: [{ mediaType: "t", digest: digest("b"), sizeBytes: 2 }],
  });
  const platform = { os: "linux", architecture: "arm", variant: "v7" };
  const attestation = { ...blob("d"), platform: { os: "unknown", architecture: "unknown" } };
  expect(readManifest(bytes({ manifests: [{ ...blob("c"), platform }, attestation] }))).toEqual({
    type: "index",
    entries: [
      { mediaType: "t", digest: digest("c"), sizeBytes: 1, platform },
      { mediaType: "t", digest: digest("d"), sizeBytes: 1 },
    ],
  });
});

test.each([
  ["no JSON", Buffer.from("{")],
  ["neither", bytes({ schemaVersion: 1 })],
  [
    "a digest that is a path",
    bytes({ config: blob("a"), layers: [{ ...blob("b"), digest: "../x" }] }),
  ],
  ["a negative size", bytes({ config: blob("a"), layers: [blob("b", -1)] })],
  ["a part that is no object", bytes({ manifests: [{ digest: 1 }] })],
])("%s is no manifest", (_name, text) => {
  expect(readManifest(text)).toBeUndefined();
});

test("chain IDs are computed as the image specification says", () => {
  const ids = [digest("1"), digest("2"), digest("3")];
  const sha = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const second = sha(`${ids[0]} ${ids[1]}`);
  expect(readChainIds(bytes({ rootfs: { diff_ids: ids } }))).toEqual([
    ...[ids[0], second],
    sha(`${second} ${ids[2]}`),
  ]);
  expect(readChainIds(bytes({ rootfs: { diff_ids: ["x"] } }))).toBeUndefined();
});

test("a machine gets the best of the platforms that it runs", () => {
  const choices = ["amd64", "arm v6", "arm v7", "arm64"].map((text) => {
    const [architecture = "", variant] = text.split(" ");
    return { platform: { os: "linux", architecture, ...(variant ? { variant } : {}) } };
  });
  const chosen = (machine: string) => {
    const platform = platformOfMachine(machine);
    const found = platform && choosePlatform(choices, platform);
    return found && platformText(found.platform);
  };
  expect(["x86_64", "aarch64", "armv7l", "armv6l", "s390x", "sparc"].map(chosen)).toEqual([
    ...["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", undefined, undefined],
  ]);
});
