import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import { Rate } from "../../../agent/util/rate.ts";

test("streams that share a limit go no faster together", async () => {
  const rate = new Rate(1_000_000);
  const began = performance.now();
  const stream = async () => {
    for (let piece = 0; piece < 5; piece += 1) await rate.take(20_000);
  };
  await Promise.all([stream(), stream()]);
  // The last piece may go when those before it are over.
  expect(performance.now() - began).toBeGreaterThanOrEqual(175);
});
