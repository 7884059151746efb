import { expect, it } from "vitest";
import { handshakeError } from "../../../agent/transport/handshake-error.ts";
import { StartGate } from "../../../agent/transport/start-gate.ts";
import { NEVER } from "../../rig/transport.ts";

function throttled(words: string): () => Promise<never> {
  return () =>
    Promise.reject(
      handshakeError({ at: "node-1:22", offer: Buffer.alloc(0), greeting: `${words}\r\n` }),
    );
}

const crowd = throttled("Exceeded MaxStartups");
const penalty = throttled("Not allowed at this time");

it("each word that starts are too many halves them, to one at least; each success lets one more in, to six at most", async () => {
  const gate = new StartGate();
  const widths = [gate.width];
  for (const start of [crowd, crowd, crowd]) {
    await expect(gate.run(start, NEVER)).rejects.toMatchObject({ code: "PC206" });
    widths.push(gate.width);
  }
  for (let count = 0; count < 6; count += 1) {
    await gate.run(async () => undefined, NEVER);
    widths.push(gate.width);
  }
  expect(widths).toEqual([6, 3, 1, 1, 2, 3, 4, 5, 6, 6]);
});

it("a failure of another kind narrows nothing", async () => {
  const gate = new StartGate();
  await expect(gate.run(throttled("hello"), NEVER)).rejects.toMatchObject({ code: "PC205" });
  expect(gate.width).toBe(6);
});

it("after a penalty nothing starts until it is over, then one at a time", async () => {
  const gate = new StartGate({ penaltyMs: 300 });
  await expect(gate.run(penalty, NEVER)).rejects.toMatchObject({ code: "PC206" });
  expect(gate.width).toBe(1);
  const toldMs = performance.now();
  await gate.run(async () => undefined, NEVER);
  expect(performance.now() - toldMs).toBeGreaterThan(250);
});

it("an abort ends the wait for a penalty's end", async () => {
  const gate = new StartGate({ penaltyMs: 600_000 });
  await expect(gate.run(penalty, NEVER)).rejects.toMatchObject({ code: "PC206" });
  const stop = new AbortController();
  const waiting = gate.run(async () => undefined, stop.signal);
  stop.abort(new Error("stop"));
  await expect(waiting).rejects.toThrow("stop");
});
