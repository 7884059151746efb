import { once } from "node:events";
import { expect, test } from "vitest";
import { runParts } from "../../../../agent/operations/watch/run-parts.ts";

const untilStopped = async (signal: AbortSignal) => {
  if (!signal.aborted) await once(signal, "abort");
};

test("all parts go on until they are stopped; one that is done stops nobody", async () => {
  const stop = new AbortController();
  const told: string[] = [];
  const running = runParts(stop.signal, () => told.push("stop"), [
    untilStopped,
    async () => void told.push("done"),
  ]);
  setTimeout(() => stop.abort(), 5);
  await running;
  expect(told).toEqual(["done", "stop"]);
});

test("one that fails stops the others, and its error is what is thrown", async () => {
  const running = runParts(new AbortController().signal, () => undefined, [
    untilStopped,
    async () => {
      throw new Error("broken");
    },
  ]);
  await expect(running).rejects.toThrow("broken");
});
