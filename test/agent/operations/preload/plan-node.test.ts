import { expect, test } from "vitest";
import type { FrozenImage } from "../../../../agent/images/frozen-image.ts";
import type { PlatformImage } from "../../../../agent/images/model.ts";
import type { NodeStock } from "../../../../agent/node/read-stock.ts";
import { planNode } from "../../../../agent/operations/preload/plan-node.ts";

const layer = (name: string, sizeBytes: number) => ({ mediaType: "t", digest: name, sizeBytes });
const top = { mediaType: "t", digest: "sha256:top", sizeBytes: 1, bytes: Buffer.from("x") };
const made: PlatformImage = {
  platform: { os: "linux", architecture: "amd64" },
  ...{ manifest: top, config: top },
  layers: [layer("l1", 100), layer("l2", 200), layer("l3", 300)],
  chainIds: ["c1", "c2", "c3"],
};
const image = {
  ...{ name: "r/app:1", byDigest: "r/app@sha256:top", top },
  forMachine: async ({ architecture }: { architecture: string }) =>
    architecture === "amd64" ? made : undefined,
} as unknown as FrozenImage;

const stock = (fields: Partial<NodeStock> = {}): NodeStock => ({
  ...{
    engine: "containerd" as const,
    runtime: "1.6.20",
    machine: "x86_64",
    totalBytes: 10_000,
    freeBytes: 9000,
  },
  ...{ blobs: new Set(), parts: new Map(), chains: new Set(), refs: new Map() },
  ...{ settings: { allowlist: [] }, records: new Map() },
  ...fields,
});
const named = (digest: string, pinned = true, sets: readonly string[] = []) =>
  new Map([image.name, image.byDigest].map((name) => [name, { digest, pinned, sets }]));
type Options = Parameters<typeof planNode>[2];
const plan = (fields?: Partial<NodeStock>, options: Options = { pin: true, diskLimit: 85 }) =>
  planNode(image, stock(fields), options);
const missing = async (fields?: Partial<NodeStock>) => {
  const found = await plan(fields);
  return found.type === "load"
    ? found.missing.map(({ digest, from }) => `${digest} ${from}`)
    : found.type;
};

test("all layers are sent to a node that has none", async () => {
  expect(await missing()).toEqual(["l1 0", "l2 0", "l3 0"]);
});

test("what is there is not sent, of a part the rest, and nothing below what is unpacked", async () => {
  expect(await missing({ blobs: new Set(["l2"]), parts: new Map([["l3", 50]]) })).toEqual([
    ...["l1 0", "l3 50"],
  ]);
  // Nodes that discard unpacked layers have their snapshots alone.
  expect(await missing({ chains: new Set(["c1", "c2"]) })).toEqual(["l3 0"]);
  expect(await missing({ chains: new Set(["c3"]) })).toEqual([]);
});

test("a pull suits a node where it fetches what is missing, and no more", async () => {
  const suits = async (fields?: Partial<NodeStock>) => {
    const found = await plan(fields);
    return found.type === "load" && found.suitsPull;
  };
  expect(await suits()).toBe(true);
  expect(await suits({ blobs: new Set(["l1", "l2"]), chains: new Set(["c1", "c2"]) })).toBe(true);
  // It would begin the layer anew.
  expect(await suits({ parts: new Map([["l3", 50]]) })).toBe(false);
  // It would fetch what is unpacked and kept no more.
  expect(await suits({ chains: new Set(["c1", "c2"]) })).toBe(false);
});

test("it is there only if both names mean it, unpacked, and pinned where that is asked for", async () => {
  const chains = new Set(["c1", "c2", "c3"]);
  expect((await plan({ refs: named("sha256:top"), chains })).type).toBe("present");
  expect((await plan({ refs: named("sha256:other"), chains })).type).toBe("load");
  expect((await plan({ refs: named("sha256:top") })).type).toBe("load");
  const unpinned = { refs: named("sha256:top", false), chains };
  expect((await plan(unpinned)).type).toBe("load");
  expect((await plan(unpinned, { pin: false, diskLimit: 85 })).type).toBe("present");
});

test("it is there for a set only where that holds it", async () => {
  const chains = new Set(["c1", "c2", "c3"]);
  const inBase = { refs: named("sha256:top", true, ["base"]), chains };
  expect((await plan(inBase, { pin: true, set: "base" })).type).toBe("present");
  expect((await plan(inBase, { pin: true, set: "other" })).type).toBe("load");
});

test("docker knows an image by its ID, takes layers above what it has, and keeps no sets", async () => {
  const engine = "docker" as const;
  expect(await missing({ engine, chains: new Set(["c1"]) })).toEqual(["l2 0", "l3 0"]);
  const refs = new Map([[image.name, { digest: "sha256:top", pinned: false, sets: [] }]]);
  const there = { engine, refs, chains: new Set(["c1", "c2", "c3"]) };
  expect((await plan(there)).type).toBe("present");
  expect((await plan({ engine }, { pin: true, set: "base" })).type).toBe("no-sets");
  // CRI-O's store takes an image as a whole.
  expect(await missing({ engine: "podman", chains: new Set(["c1"]) })).toHaveLength(3);
});

test("the kubelet's own limit counts where none is given", async () => {
  const settings = (gcPercent?: number) => ({
    ...{ freeBytes: 3000, settings: { allowlist: [], ...(gcPercent && { gcPercent }) } },
  });
  expect((await plan(settings(), { pin: true })).type).toBe("too-large");
  expect((await plan(settings(95), { pin: true })).type).toBe("load");
});

test("a node whose disk it would fill is refused before a byte moves, and so is another machine", async () => {
  expect((await plan({ freeBytes: 3000 })).type).toBe("too-large");
  expect((await plan({ freeBytes: 3000, chains: new Set(["c3"]) })).type).toBe("load");
  expect((await plan({ machine: "aarch64" })).type).toBe("no-platform");
});
