import { expect, test } from "vitest";
import type { BytesSentEvent, PullcastEvent } from "../../../../agent/events.ts";
import { SendMeter } from "../../../../agent/operations/preload/send-meter.ts";

test("what went is told once a second, with a guess for nodes that nobody has looked at", () => {
  const told: BytesSentEvent[] = [];
  let now = 0;
  const report = (event: PullcastEvent) => {
    if (event.type === "bytes-sent") told.push(event);
  };
  const meter = new SendMeter(report, 4, () => now);
  meter.lacks("a", "app:1", 1000);
  meter.lacks("a", "tool:1", 200);
  meter.lacks("b", "app:1", 800);
  for (let sent = 0; sent < 5; sent += 1) {
    meter.sent(100);
    now += 500;
  }
  // Two nodes lack 2000: four lack 4000.
  expect(told).toEqual([
    { type: "bytes-sent", sentBytes: 100, expectedBytes: 4000 },
    {
      ...{ type: "bytes-sent", sentBytes: 300, expectedBytes: 4000 },
      ...{ bytesPerSecond: 200, etaMs: 18_500 },
    },
    {
      ...{ type: "bytes-sent", sentBytes: 500, expectedBytes: 4000 },
      ...{ bytesPerSecond: 200, etaMs: 17_500 },
    },
  ]);
});

test("a node that is looked at again lacks what it lacks then", () => {
  const told: number[] = [];
  const meter = new SendMeter((event: PullcastEvent) => {
    if (event.type === "bytes-sent") told.push(event.expectedBytes);
  }, 1);
  meter.lacks("a", "app:1", 1000);
  meter.lacks("a", "app:1", 1200);
  meter.sent(1);
  expect(told).toEqual([1200]);
});
