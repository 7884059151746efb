import { expect, test } from "vitest";
import { isTwin, mostMean } from "../../../../agent/operations/preload/compare-holdings.ts";

const held = (ref: string, digest: string, ...sets: string[]) => ({
  ...{ ref, digest, pinned: true, sets },
});

test("a repository at a digest is told by its tag", () => {
  const all = [
    held("r:5000/app:1", "d1"),
    held("r:5000/app@d1", "d1"),
    held("r:5000/app@d2", "d2"),
  ];
  expect(all.map((image) => isTwin(image, all))).toEqual([false, true, false]);
});

test("what most nodes have is what all should have", () => {
  const nodes = [
    [held("app:1", "old", "base")],
    [held("app:1", "new", "base"), held("tool:1", "d", "ops")],
    [held("app:1", "new", "other")],
  ];
  expect(Object.fromEntries(mostMean(nodes))).toEqual({
    "app:1": { digest: "new", sets: ["base", "other"] },
    "tool:1": { digest: "d", sets: ["ops"] },
  });
});
