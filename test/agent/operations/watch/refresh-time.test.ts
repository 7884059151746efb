import { expect, test } from "vitest";
import { firstEndMs, refreshDelay } from "../../../../agent/operations/watch/refresh-time.ts";

const now = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
const delay = (ends: readonly string[], random = 0) =>
  refreshDelay(
    ends.map((expiresAt) => ({ expiresAt })),
    { now, part: 0.5, random: () => random },
  );

test("the source is asked at a part of the life of what ends first, a little earlier by chance", () => {
  expect(delay([at(3600), at(60), "never", "unknown"])).toBe(30_000);
  expect(delay([at(60)], 0.999)).toBeGreaterThan(26_900);
  expect(delay([at(60)], 0.999)).toBeLessThan(27_100);
});

test("nothing that is known to end: no time", () => {
  expect(delay(["never", "unknown"])).toBeUndefined();
  expect(delay([])).toBeUndefined();
});

test("what has ended is asked for at once, but not in a loop without a pause", () => {
  expect(delay([at(-60)])).toBe(1000);
});

test("where only the life of such credentials is known, it counts from now", () => {
  const token = [{ expiresAt: "unknown", lifetime: "12h" }];
  expect(refreshDelay(token, { now, part: 0.5, random: () => 0 })).toBe(6 * 3_600_000);
  expect(firstEndMs(token, now)).toBe(now + 12 * 3_600_000);
});
