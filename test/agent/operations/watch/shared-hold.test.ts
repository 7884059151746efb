import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sharedHold } from "../../../../agent/operations/watch/shared-hold.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

function cluster() {
  const log: string[] = [];
  const hold = sharedHold(async (run) => {
    log.push(`take ${run}`);
    return async () => void log.push(`give ${run}`);
  });
  return { log, hold };
}

test("runs side by side share one hold, and the last gives it back", async () => {
  const { log, hold } = cluster();
  const [first, second] = await Promise.all([hold("a"), hold("b")]);
  await first();
  await first();
  const third = await hold("c");
  await second();
  expect(log).toEqual(["take a"]);
  await third();
  expect(log).toEqual(["take a", "give a"]);
  await (await hold("d"))();
  expect(log).toEqual(["take a", "give a", "take d", "give d"]);
});

test("a hold that is old takes in nobody: the cluster is free in between", async () => {
  const { log, hold } = cluster();
  const first = await hold("a");
  vi.setSystemTime(11_000);
  const late = hold("b");
  await vi.advanceTimersByTimeAsync(5000);
  expect(log).toEqual(["take a"]);
  await first();
  expect(log).toEqual(["take a", "give a"]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(log).toEqual(["take a", "give a"]);
  await vi.advanceTimersByTimeAsync(1000);
  await (await late)();
  expect(log).toEqual(["take a", "give a", "take b", "give b"]);
});

test("a cluster that can't be had is refused to all who wait, and may be had later", async () => {
  let isFree = false;
  const hold = sharedHold(async () => {
    if (!isFree) throw new Error("taken");
    return async () => undefined;
  });
  const ends = await Promise.allSettled([hold("a"), hold("b")]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isFree = true;
  await (await hold("c"))();
});
