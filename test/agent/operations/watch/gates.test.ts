import { expect, test } from "vitest";
import type { ApiAnswer } from "../../../../agent/cluster/gateway-contract.ts";
import type { PullcastEvent } from "../../../../agent/events.ts";
import { Gates } from "../../../../agent/operations/watch/gates.ts";
import type { WatchedNode } from "../../../../agent/operations/watch/node-book.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";
import { scriptedGateway } from "../../cluster/scripted-gateway.ts";

const TAINT = { key: "example.com/gate", value: "", effect: "NoSchedule" };
const START = Date.parse("2026-01-01T00:00:00Z");

const watched = (state: WatchedNode["state"]): WatchedNode => ({
  node: clusterNode({ taints: [TAINT] }),
  createdAt: "2026-01-01T00:00:00Z",
  seenAs: "new",
  seenAt: START + 500,
  state,
});
const tainted = { status: 200, body: { metadata: { uid: "uid-n1" }, spec: { taints: [TAINT] } } };
const ok = { status: 200, body: {} };

async function open(nodes: readonly WatchedNode[], now: number, ...answers: ApiAnswer[]) {
  const events: PullcastEvent[] = [];
  const gates = new Gates({
    gate: { taint: { key: TAINT.key }, openAfterMs: 60_000 },
    gateway: scriptedGateway({ answers }),
    report: (event) => events.push(event),
  });
  let next = 0;
  await new Promise<void>((resolve) => {
    next = gates.open(nodes, now, resolve);
    if (answers.length === 0) resolve();
  });
  return { events, next, gates };
}

test("a proven node's taint is taken off", async () => {
  const { events } = await open([watched("proven")], START + 1000, tainted, ok);
  expect(events).toEqual([{ type: "gate-opened", node: "n1", uid: "uid-n1", forced: false }]);
});

test("any other node waits until its time is over; then it is an alarm", async () => {
  const waiting = await open([watched("served")], START + 1000);
  expect(waiting.next).toBe(START + 60_000);
  const late = await open([watched("failed")], START + 60_000, tainted, ok);
  expect(late.events).toEqual([{ type: "gate-opened", node: "n1", uid: "uid-n1", forced: true }]);
});

test("a taint that can't be taken off is told, and tried again later", async () => {
  const refused = { status: 403, body: { message: "no" } };
  const { events, gates } = await open([watched("proven")], START + 1000, tainted, refused);
  expect(events).toMatchObject([{ type: "gate-failed", cause: { code: "PC181" } }]);
  expect(gates.open([watched("proven")], Date.now(), () => undefined)).toBeGreaterThan(
    Date.now() + 8000,
  );
});

test("a node without the taint is none of its business", async () => {
  const { next } = await open([{ ...watched("proven"), node: clusterNode() }], START);
  expect(next).toBe(Number.POSITIVE_INFINITY);
});
