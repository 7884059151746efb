import { describe, expect, test } from "vitest";
import { FailureLimit } from "../../../agent/rollout/failure-limit.ts";
import { formatPortion, parsePortion, portionOf } from "../../../agent/rollout/portion.ts";
import { splitWaves } from "../../../agent/rollout/split-waves.ts";

const sizesOf = (total: number, ...texts: string[]) => {
  const sizes = texts.map((text) => parsePortion(text) ?? { count: Number.NaN });
  const items = Array.from({ length: total }, (_, at) => at);
  const waves = splitWaves(items, sizes);
  // Each item once, in its order.
  expect(waves.flat()).toEqual(items);
  return waves.map((wave) => wave.length);
};

describe("a portion", () => {
  test.each(["0", "7", "1000", "0%", "10%", "100%"])("%s is read as it is written", (text) => {
    const portion = parsePortion(text);
    expect(portion === undefined ? undefined : formatPortion(portion)).toBe(text);
  });

  test.each(["", "-1", "1.5", "101%", "ten", "10 %", "%", "1e3", "99999999"])(
    "%s is none",
    (text) => expect(parsePortion(text)).toBeUndefined(),
  );

  test("of percent is rounded up for what is taken, down for what may fail", () => {
    expect(portionOf({ percent: 10 }, 15, "up")).toBe(2);
    expect(portionOf({ percent: 10 }, 15, "down")).toBe(1);
    expect(portionOf({ percent: 1 }, 3, "up")).toBe(1);
    expect(portionOf({ count: 7 }, 3, "up")).toBe(7);
  });
});

describe("waves", () => {
  test("end when so many items are done", () => {
    expect(sizesOf(50, "1", "10%", "100%")).toEqual([1, 4, 45]);
    expect(sizesOf(1000, "1", "10%", "100%")).toEqual([1, 99, 900]);
  });

  test("that add nothing are none", () => {
    expect(sizesOf(3, "1", "10%", "100%")).toEqual([1, 2]);
    expect(sizesOf(1, "1", "10%", "100%")).toEqual([1]);
    expect(sizesOf(0, "1", "100%")).toEqual([]);
    expect(sizesOf(3, "5", "10")).toEqual([3]);
  });

  test("leave nothing out: what no size names is the last", () => {
    expect(sizesOf(10, "1")).toEqual([1, 9]);
    expect(sizesOf(10)).toEqual([10]);
  });
});

test("a limit is exceeded by one failure more than it allows, and an item counts once", () => {
  const limit = new FailureLimit<string>(1);
  limit.add("a");
  limit.add("a");
  expect(limit.exceeded).toBe(false);
  limit.add("b");
  expect(limit).toMatchObject({ exceeded: true, failed: 2 });
  const none = new FailureLimit<string>(0);
  expect(none.exceeded).toBe(false);
  none.add("a");
  expect(none.exceeded).toBe(true);
});
