import fc from "fast-check";
import { expect, test } from "vitest";
import { finalFrom, judgeDenial } from "../../../../agent/operations/verify/denial-clock.ts";

const T0 = Date.parse("2026-11-24T05:00:00Z");
const at = (seconds: number) => new Date(T0 + seconds * 1000);

test("without a known push a denial is final at once", () => {
  expect(
    judgeDenial({
      createdAt: at(0),
      now: at(1),
      finalFrom: undefined,
      deadline: at(420),
      attempts: 1,
    }),
  ).toEqual({ type: "final" });
});

test("a denial is final 15 s after a push is in force, at once after a restart", () => {
  const push = { effectiveBy: at(300), restarted: false };
  expect(finalFrom(push)).toEqual(at(315));
  expect(finalFrom({ ...push, restarted: true })).toEqual(at(300));
  expect(finalFrom(undefined)).toBeUndefined();
});

test("a denial is final for a pod created then, and no second before", () => {
  const judge = (created: number) =>
    judgeDenial({
      createdAt: at(created),
      now: at(created + 2),
      finalFrom: at(315),
      deadline: at(420),
      attempts: 9,
    }).type;
  expect(judge(315)).toBe("final");
  expect(judge(314)).toBe("again");
});

test("fresh pods follow at growing distances, one exactly when the answer is final", () => {
  const times: number[] = [];
  let created = 0;
  for (let attempts = 1; ; attempts += 1) {
    const now = at(created + 1);
    const verdict = judgeDenial({
      createdAt: at(created),
      now,
      finalFrom: at(315),
      deadline: at(420),
      attempts,
    });
    if (verdict.type !== "again") {
      expect(verdict.type).toBe("final");
      break;
    }
    created = (verdict.at.getTime() - T0) / 1000;
    times.push(created);
  }
  expect(times).toEqual([21, 52, 98, 159, 220, 281, 315]);
});

test("a run that ends before says not yet, at once, since waiting would decide nothing", () => {
  const denial = { createdAt: at(0), now: at(1), finalFrom: at(315), attempts: 1 };
  expect(judgeDenial({ ...denial, deadline: at(10) })).toEqual({ type: "not-yet" });
  expect(judgeDenial({ ...denial, deadline: at(30) })).toEqual({ type: "again", at: at(21) });
});

test("whatever the clocks: never final too early, never endless, never in the past", () => {
  const second = fc.integer({ min: -400, max: 900 });
  const clocks = fc.record({
    effective: second,
    end: second,
    start: second,
    attempts: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(clocks, ({ effective, end, start, attempts }) => {
      const createdAt = at(start);
      const now = at(start + 2);
      const from = at(effective);
      const deadline = at(end);
      const verdict = judgeDenial({ createdAt, now, finalFrom: from, deadline, attempts });
      if (verdict.type === "final") {
        expect(createdAt.getTime()).toBeGreaterThanOrEqual(from.getTime());
      }
      if (verdict.type === "again") {
        expect(verdict.at.getTime()).toBeGreaterThanOrEqual(now.getTime());
        expect(verdict.at.getTime()).toBeLessThan(deadline.getTime());
      }
    }),
  );
});
