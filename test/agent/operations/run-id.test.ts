import { expect, test } from "vitest";
import { newRunId, runStart } from "../../../agent/operations/run-id.ts";

test("runs sort by their start, also within one second", () => {
  const begin = Date.parse("2026-11-24T05:01:02.000Z");
  const ids = [0, 1, 15, 16, 255, 256, 999, 1000].map((ms) => newRunId(new Date(begin + ms)));
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^20261124T050102Z-000[0-9a-f]{6}$/);
});

test("two operators who start in one millisecond have two runs", () => {
  const now = new Date();
  const ids = new Set(Array.from({ length: 20 }, () => newRunId(now)));
  expect(ids.size).toBe(20);
});

test("a run's name tells its start", () => {
  const now = new Date("2026-11-24T05:01:02.789Z");
  expect(runStart(newRunId(now))?.toISOString()).toBe("2026-11-24T05:01:02.000Z");
  expect(runStart("push-1")).toBeUndefined();
});
