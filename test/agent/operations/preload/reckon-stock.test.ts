import { expect, test } from "vitest";
import type { FrozenImage } from "../../../../agent/images/frozen-image.ts";
import type { NodeStock } from "../../../../agent/node/read-stock.ts";
import { withLoaded } from "../../../../agent/operations/preload/reckon-stock.ts";

const image = {
  forMachine: async () => ({
    layers: [{ digest: "l1" }, { digest: "l2" }],
    chainIds: ["c1", "c2"],
  }),
} as unknown as FrozenImage;
const stock = {
  ...{ machine: "x86_64", freeBytes: 1000, blobs: new Set(["l1", "l0"]), chains: new Set(["c1"]) },
  parts: new Map([
    ["l2", 5],
    ["l9", 7],
  ]),
} as unknown as NodeStock;

test("a node has what it was sent, and rather less room than there is", async () => {
  const after = await withLoaded(stock, image, 100);
  expect([...after.blobs].sort()).toEqual(["l0", "l1", "l2"]);
  expect([...after.chains].sort()).toEqual(["c1", "c2"]);
  expect([...after.parts]).toEqual([["l9", 7]]);
  expect(after.freeBytes).toBe(600);
  expect((await withLoaded(stock, image, 5000)).freeBytes).toBe(0);
  expect([...stock.blobs]).toEqual(["l1", "l0"]);
});
