import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchInterrupts } from "../../cli/interrupts.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function watched() {
  let stop: (() => void) | undefined;
  const exits: number[] = [];
  let told = 0;
  const host = {
    onStop: (listener: () => void) => {
      stop = listener;
      return () => {
        stop = undefined;
      };
    },
    exit: (code: number) => {
      exits.push(code);
    },
  };
  const interrupts = watchInterrupts(host, () => {
    told += 1;
  });
  return {
    interrupts,
    exits,
    told: () => told,
    press: () => stop?.(),
    listens: () => stop !== undefined,
  };
}

test("the first request stops the run in order and is told once", () => {
  const { interrupts, exits, told, press } = watched();
  expect(interrupts.signal.aborted).toBe(false);
  press();
  expect([interrupts.signal.aborted, told(), exits]).toEqual([true, 1, []]);
});

test("the echo of a request is none, a second one ends the process at once", () => {
  const { exits, told, press } = watched();
  press();
  vi.advanceTimersByTime(10);
  press();
  expect(exits).toEqual([]);
  vi.advanceTimersByTime(1000);
  press();
  expect([exits, told()]).toEqual([[130], 1]);
});

test("after the run nobody listens any more", () => {
  const { interrupts, listens } = watched();
  interrupts.dispose();
  expect(listens()).toBe(false);
});
