import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { onAbort, withLimit } from "../../../agent/transport/limit.ts";

test("all that wait are told once, and who was taken off is not", () => {
  const { signal, abort } = abortable();
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
  onAbort(signal, first);
  const off = onAbort(signal, second);
  onAbort(signal, third);
  // One function may wait twice.
  onAbort(signal, third);
  off();
  abort();
  abort();
  expect([first, second, third].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 2]);
});

test("who comes after the end is told at once", () => {
  const { signal, abort } = abortable();
  abort();
  const listener = vi.fn();
  onAbort(signal, listener)();
  expect(listener).toHaveBeenCalledTimes(1);
});

test("any number waits by one listener, and the last takes it along", () => {
  const { signal } = abortable();
  const offs = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
  expect(getEventListeners(signal, "abort").length).toBe(1);
  for (const off of offs) off();
  // Twice is once.
  offs[0]?.();
  expect(getEventListeners(signal, "abort").length).toBe(0);
  const again = vi.fn();
  onAbort(signal, again);
  expect(getEventListeners(signal, "abort").length).toBe(1);
});

test("others may listen to the same signal, many of them, without a warning", async () => {
  const { signal } = abortable();
  const warned = vi.fn();
  process.on("warning", warned);
  onAbort(signal, () => undefined);
  for (let count = 0; count < 20; count += 1) signal.addEventListener("abort", () => undefined);
  // Node warns in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warned);
  expect(warned).not.toHaveBeenCalled();
});

test("who goes while others are told is not told any more", () => {
  const { signal, abort } = abortable();
  const second = vi.fn();
  let off: (() => void) | undefined;
  onAbort(signal, () => off?.());
  off = onAbort(signal, second);
  abort();
  expect(second).not.toHaveBeenCalled();
});

test("a limit ends with the first of all", async () => {
  const { signal, abort } = abortable();
  const never = new Promise<never>(() => undefined);
  const onLimit = () => new Error("too late");
  await expect(withLimit(never, { ms: 1, signal, onLimit })).rejects.toThrow("too late");
  await expect(withLimit(Promise.resolve(7), { ms: 60_000, signal, onLimit })).resolves.toBe(7);
  const waiting = withLimit(never, { ms: 60_000, signal, onLimit });
  abort();
  await expect(waiting).rejects.toBe(signal.reason);
  expect(getEventListeners(signal, "abort").length).toBe(0);
});

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
