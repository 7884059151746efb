import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { pause } from "../../../agent/util/pause.ts";

it("tells that the whole time passed, and leaves no listener", async () => {
  const { signal } = new AbortController();
  expect(await pause(1, signal)).toBe(true);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

it("ends at once when the signal aborts, and before it began if that was so", async () => {
  const controller = new AbortController();
  const waiting = pause(60_000, controller.signal);
  controller.abort();
  expect(await waiting).toBe(false);
  expect(await pause(60_000, controller.signal)).toBe(false);
});

it("lets hundreds wait on one signal without a warning", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  const controller = new AbortController();
  const waits = Array.from({ length: 300 }, () => pause(60_000, controller.signal));
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await Promise.all(waits);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
