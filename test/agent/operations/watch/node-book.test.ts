import { describe, expect, test } from "vitest";
import type { NodeObject } from "../../../../agent/cluster/node-records.ts";
import type { ClusterNode, NodeReport, PullReport } from "../../../../agent/model.ts";
import { NodeBook, type NodeTask } from "../../../../agent/operations/watch/node-book.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";

const MINUTE = 60_000;
const RESYNC = 10 * MINUTE;

function object(name: string, fields: Partial<ClusterNode> = {}): NodeObject {
  return { node: clusterNode({ name, bootId: "b1", ...fields }), createdAt: "" };
}

function book(proves = false) {
  const told: string[] = [];
  const made = new NodeBook({
    resyncMs: RESYNC,
    proves,
    refuses: ({ os }) =>
      os === "windows" ? { code: "PC115", message: "it runs Windows" } : undefined,
    onSeen: ({ node, seenAs }) => told.push(`${node.name} ${seenAs}`),
    onGone: ({ node }) => told.push(`${node.name} gone`),
    onState: ({ node, state }) => told.push(`${node.name} ${state}`),
    random: () => 0.5,
  });
  return { book: made, told };
}

const report = (name: string, result: NodeReport["result"], code?: NodeReport["code"]) => ({
  node: name,
  address: "10.0.0.1",
  result,
  durationMs: 1,
  ...(code === undefined ? {} : { code, message: "why" }),
});
const pull = (node: string, result: PullReport["result"]): PullReport => ({
  ...{ node, result, image: "r/i:1", ran: "-", attempts: 1, durationMs: 1 },
});

const names = (tasks: readonly NodeTask[]) =>
  tasks.map(
    ({ watched, push, prove }) =>
      `${watched.node.name}${push ? " push" : ""}${prove ? " prove" : ""}`,
  );
const all = Number.POSITIVE_INFINITY;

describe("a proof that takes its time", () => {
  test("lets the file be put right meanwhile, and is not begun twice", () => {
    const { book: one, told } = book(true);
    one.revise(1, 0);
    one.list([object("a")], 0);
    expect(names(one.take(0, all))).toEqual(["a push prove"]);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 1);
    expect(one.take(2, all)).toEqual([]);
    const look = one.nextDueAt();
    expect(look).toBeLessThanOrEqual(RESYNC + MINUTE);
    expect(names(one.take(look, all))).toEqual(["a push"]);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, look + 1);
    expect(one.take(look + 2, all)).toEqual([]);
    one.settleProof("uid-a", pull("a", "not-yet"), look + 3);
    expect(names(one.take(look + 3 + MINUTE, all))).toEqual(["a prove"]);
    one.settleProof("uid-a", pull("a", "pulled"), look + 4 + MINUTE);
    expect(told).toEqual(["a present", "a served", "a failed", "a proven"]);
  });
});

describe("nodes that come and go", () => {
  test("nothing is due before there are credentials", () => {
    const { book: one } = book();
    one.list([object("a")], 0);
    expect(one.take(0, all)).toEqual([]);
    expect(one.nextDueAt()).toBe(all);
    one.revise(1, 5);
    expect(names(one.take(5, all))).toEqual(["a push"]);
  });

  test("what is there at the start is present, what comes later new, a known name replaced", () => {
    const { book: one, told } = book();
    one.list([object("a"), object("b")], 0);
    one.put(object("c"), 1);
    one.put(object("a", { uid: "other" }), 2);
    one.gone("uid-b");
    one.put(object("b", { uid: "later" }), 3);
    one.list([object("c")], 4);
    expect(told).toEqual([
      ...["a present", "b present", "c new", "a gone", "a replaced"],
      ...["b gone", "b replaced", "a gone", "b gone"],
    ]);
    expect(one.nodes.map(({ node }) => node.name)).toEqual(["c"]);
  });

  test("a node that is served is not due before its next look, whatever heartbeats say", () => {
    const { book: one } = book();
    one.revise(1, 0);
    one.list([object("a")], 0);
    one.take(0, all);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 0);
    for (let beat = 1; beat <= 100; beat += 1)
      one.put(object("a", { unschedulable: beat > 50 }), beat);
    expect(one.take(RESYNC - MINUTE - 1, all)).toEqual([]);
    expect(one.nextDueAt()).toBe(RESYNC);
    expect(names(one.take(RESYNC, all))).toEqual(["a push"]);
  });

  test("a new node goes before those that are looked at again", () => {
    const { book: one } = book();
    one.revise(1, 0);
    one.list([object("a"), object("b")], 0);
    for (const { watched } of one.take(0, all)) {
      one.settlePush(
        watched.node.uid,
        { revision: 1, report: report(watched.node.name, "unchanged") },
        0,
      );
    }
    one.put(object("new"), RESYNC + 5);
    expect(names(one.take(RESYNC + 5, 1))).toEqual(["new push"]);
  });

  test("what is at work is not taken twice, and what happens to it meanwhile is not forgotten", () => {
    const { book: one } = book();
    one.revise(1, 0);
    one.list([object("a", { ready: false })], 0);
    expect(names(one.take(0, all))).toEqual(["a push"]);
    expect(one.take(0, all)).toEqual([]);
    one.put(object("a", { addresses: [{ type: "InternalIP", address: "10.0.0.9" }] }), 1);
    one.settlePush("uid-a", { revision: 1, report: report("a", "failed", "PC202") }, 2);
    const [again] = one.take(2, all);
    expect(again?.watched.node.addresses[0]?.address).toBe("10.0.0.9");
  });

  test("a machine that was restarted is pushed to and proven anew", () => {
    const { book: one, told } = book(true);
    one.revise(1, 0);
    one.list([object("a")], 0);
    one.take(0, all);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 0);
    one.settleProof("uid-a", pull("a", "pulled"), 0);
    one.put(object("a", { bootId: "b2" }), 9);
    expect(told.slice(-1)).toEqual(["a rebooted"]);
    expect(names(one.take(9, all))).toEqual(["a push prove"]);
  });

  test("a Windows node is skipped, and served once it says it is none", () => {
    const { book: one, told } = book();
    one.revise(1, 0);
    one.list([object("w", { os: "windows" })], 0);
    expect(one.take(0, all)).toEqual([]);
    one.put(object("w"), 1);
    expect(names(one.take(1, all))).toEqual(["w push"]);
    expect(told).toEqual(["w present", "w skipped", "w waiting"]);
  });
});

describe("failures", () => {
  test("they are tried again ever later, at most every 5 minutes, and at once when the node changes", () => {
    const { book: one } = book();
    one.revise(1, 0);
    one.list([object("a", { ready: false })], 0);
    let now = 0;
    const waits: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      one.take(now, all);
      one.settlePush("uid-a", { revision: 1, report: report("a", "failed", "PC202") }, now);
      waits.push(one.nextDueAt() - now);
      now = one.nextDueAt();
    }
    expect(waits.slice(0, 3)).toEqual([1500, 3000, 6000]);
    expect(waits.at(-1)).toBe(225_000);
    one.take(now, all);
    one.settlePush("uid-a", { revision: 1, report: report("a", "failed", "PC202") }, now);
    one.put(object("a", { ready: true }), now + 1);
    expect(names(one.take(now + 1, all))).toEqual(["a push"]);
  });

  test("a run that did not come to a node is no failure of the node", () => {
    const { book: one, told } = book();
    one.revise(1, 0);
    one.list([object("a")], 0);
    one.take(0, all);
    one.settlePush("uid-a", { revision: 1, report: report("a", "not-attempted") }, 0);
    expect(one.nextDueAt()).toBe(5000);
    expect(told).toEqual(["a present"]);
  });

  test("a proof waits until the node is Ready, and a failed one is tried again", () => {
    const { book: one, told } = book(true);
    one.revise(1, 0);
    one.list([object("a", { ready: false })], 0);
    expect(names(one.take(0, all))).toEqual(["a push"]);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 0);
    expect(one.take(1, all)).toEqual([]);
    one.put(object("a"), 2);
    expect(names(one.take(2, all))).toEqual(["a prove"]);
    one.settleProof("uid-a", pull("a", "denied"), 3);
    expect(one.take(4, all)).toEqual([]);
    expect(one.nextDueAt()).toBe(3 + 1500);
    one.take(1503, all);
    one.settleProof("uid-a", pull("a", "pulled"), 1600);
    expect(told).toEqual(["a present", "a served", "a failed", "a proven"]);
  });

  test("a public image proves nothing", () => {
    const { book: one, told } = book(true);
    one.revise(1, 0);
    one.list([object("a")], 0);
    one.take(0, all);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 0);
    one.settleProof("uid-a", pull("a", "public"), 0);
    expect(told.at(-1)).toBe("a failed");
  });
});

describe("credentials that change, and files that others change", () => {
  test("new credentials are due on all nodes at once, also on those at work", () => {
    const { book: one } = book();
    one.revise(1, 0);
    one.list([object("a"), object("b")], 0);
    one.take(0, 1);
    one.revise(2, 10);
    expect(names(one.take(10, all))).toEqual(["b push"]);
    one.settlePush("uid-a", { revision: 1, report: report("a", "updated") }, 11);
    expect(names(one.take(11, all))).toEqual(["a push"]);
  });

  test("a file that has to be put right again and again is left alone for an hour", () => {
    const { book: one, told } = book();
    one.revise(1, 0);
    one.list([object("a")], 0);
    let now = 0;
    for (const result of ["updated", "updated", "unchanged", "updated", "updated"] as const) {
      one.take(now, all);
      one.settlePush("uid-a", { revision: 1, report: report("a", result) }, now);
      now = one.nextDueAt();
    }
    expect(told.at(-1)).toBe("a contested");
    expect(now).toBe(4 * RESYNC + 60 * MINUTE);
    expect(one.nodes[0]?.cause?.code).toBe("PC180");
  });

  test("names that went are forgotten in the end", () => {
    const { book: one, told } = book();
    one.list([], 0);
    for (let at = 0; at < 1500; at += 1) {
      one.put(object(`n${at}`), at);
      one.gone(`uid-n${at}`);
    }
    one.put(object("n0", { uid: "x" }), 2000);
    one.put(object("n1499", { uid: "y" }), 2000);
    expect(told.slice(-2)).toEqual(["n0 new", "n1499 replaced"]);
  });
});
