import fc from "fast-check";
import { expect, test } from "vitest";
import { inForceFrom, type ReadingClues } from "../../../agent/kubelet/cache-time.ts";

const NOW = 1_000_000;
const clues = (more: Partial<ReadingClues>): ReadingClues => ({
  now: NOW,
  changedAt: NOW - 100,
  startedAt: NOW - 10_000,
  logTells: false,
  ...more,
});

test.each<[string, Partial<ReadingClues>, number]>([
  ["nothing is known but the change", {}, 200],
  ["the change is older than the cache", { changedAt: NOW - 300 }, 0],
  ["the kubelet began after the change", { startedAt: NOW - 50 }, 0],
  ["no kubelet runs: it will read at its start", { startedAt: undefined as never }, 0],
  ["it read after the change", { readAt: NOW - 90.5 }, 0],
  ["it read within the change's second", { readAt: NOW - 99.5 }, 200.5],
  ["it read before the change", { readAt: NOW - 250 }, 50],
  ["it read so long before that it is forgotten", { readAt: NOW - 400 }, 0],
  ["it was silent, and would have been heard", { logTells: true }, 0],
  ["what another process read does not count", { readAt: NOW - 20_000 }, 200],
  ["the clock was set back", { changedAt: NOW + 500 }, 300],
])("%s", (_title, more, seconds) => {
  const { startedAt, ...rest } = clues(more);
  const given = startedAt === undefined ? rest : { ...rest, startedAt };
  expect(inForceFrom(given) - NOW).toBe(seconds);
});

/** A kubelet as it is: it reads at a pull once what it read before is five minutes old. */
test("from the time told on, a pull never uses what stood there before the change", () => {
  const seconds = fc.integer({ min: 0, max: 900 });
  fc.assert(
    fc.property(
      fc.array(seconds, { maxLength: 20 }),
      seconds,
      fc.boolean(),
      (pulls, at, logTells) => {
        const started = NOW - 900;
        const changedAt = NOW - at;
        const reads: number[] = [];
        const pullAt = (time: number) => {
          const last = reads.at(-1);
          if (last === undefined || time >= last + 300) reads.push(time);
        };
        // Half a second later than whole ones, so that order is never in doubt.
        for (const pull of [...pulls].sort((a, b) => a - b)) pullAt(started + pull + 0.5);
        const past = reads.filter((time) => time <= NOW);
        const readAt = logTells ? past.at(-1) : undefined;
        const from = inForceFrom({
          now: NOW,
          changedAt,
          startedAt: started,
          logTells,
          ...(readAt === undefined ? {} : { readAt }),
        });
        expect(from - NOW).toBeLessThanOrEqual(300);
        const last = past.at(-1);
        const usedAtFrom = last !== undefined && from < last + 300 ? last : from;
        expect(usedAtFrom).toBeGreaterThanOrEqual(Math.min(changedAt, NOW));
      },
    ),
  );
});
