import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PhaseTimer } from "../../../agent/transport/phase-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Work that ends when told. */
function work() {
  let end: () => void = () => {};
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { promise, end };
}

test("while something else is waited for the time stands still, then the rest runs", async () => {
  const timer = new PhaseTimer();
  const ended = vi.fn();
  timer.start(1000, ended);
  await vi.advanceTimersByTimeAsync(400);
  const [first, second] = [work(), work()];
  const both = [timer.during(first.promise), timer.during(second.promise)];
  await vi.advanceTimersByTimeAsync(60_000);
  first.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).not.toHaveBeenCalled();
  second.end();
  await Promise.all(both);
  await vi.advanceTimersByTimeAsync(599);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toHaveBeenCalledTimes(1);
});

test("a timer that was stopped while it stood still does not run on", async () => {
  const timer = new PhaseTimer();
  const ended = vi.fn();
  timer.start(1000, ended);
  const waited = work();
  const done = timer.during(waited.promise);
  timer.stop();
  waited.end();
  await done;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).not.toHaveBeenCalled();
});
