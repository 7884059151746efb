import { expect, test } from "vitest";
import type { NodeStatus, StatusReport } from "../../../../agent/model.ts";
import { watchStatus } from "../../../../agent/operations/status/watch.ts";

const node = (name: string, fields: Partial<NodeStatus> = {}): NodeStatus => ({
  node: name,
  address: "10.0.0.1",
  uid: `uid-${name}`,
  state: "current",
  durationMs: 1,
  ...fields,
});

/** All that is told of looks that find these, one after another; the last look stops the watch. */
async function watch(...looks: (readonly NodeStatus[])[]): Promise<string[][]> {
  const stop = new AbortController();
  const told: string[][] = [];
  let at = 0;
  const look = async (): Promise<StatusReport> => {
    const items = looks[at] ?? [];
    at += 1;
    if (at > looks.length) stop.abort();
    return {
      kind: "StatusReport",
      run: "r",
      startedAt: "",
      durationMs: 1,
      interrupted: false,
      items,
    };
  };
  for await (const report of watchStatus({ intervalMs: 1, signal: stop.signal, look })) {
    told.push(report.items.map(({ node: name, state }) => `${name} ${state}`));
  }
  return told;
}

test("first all nodes are told, then those that changed alone", async () => {
  const drifted = node("b", { state: "drifted", drift: ["mode"] });
  const told = await watch(
    [node("a"), node("b")],
    [node("a", { durationMs: 9 }), node("b")],
    [node("a"), drifted],
    [node("a"), drifted],
    [node("a"), node("b", { state: "drifted", drift: ["owner"] })],
  );
  expect(told).toEqual([["a current", "b current"], ["b drifted"], ["b drifted"]]);
});

test("new nodes, replaced ones and those that are gone are told", async () => {
  const told = await watch(
    [node("a"), node("b")],
    [node("a"), node("b", { uid: "another" }), node("c")],
    [node("a")],
  );
  expect(told).toEqual([
    ["a current", "b current"],
    ["b current", "c current", "b not-attempted"],
    ["b not-attempted", "c not-attempted"],
  ]);
});

test("a cluster without a change is told once", async () => {
  expect(await watch([], [], [])).toEqual([[]]);
});
