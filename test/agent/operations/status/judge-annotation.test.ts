import { expect, test } from "vitest";
import { NODE_ANNOTATION } from "../../../../agent/cluster/node-annotation.ts";
import { formatWord, type NodeWord } from "../../../../agent/operations/annotate/node-word.ts";
import { judgeAnnotation } from "../../../../agent/operations/status/judge-annotation.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";

const NOW = new Date("2026-11-24T05:00:00Z");
const at = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000).toISOString();

function judge(word: Partial<NodeWord> | string | undefined, machineId = "m1") {
  const told: NodeWord = {
    run: "20261124T040000Z-1f3a9c",
    at: at(-1),
    operation: "push",
    operator: "alice@bastion",
    machine: "m1",
    ...(typeof word === "object" ? word : {}),
  };
  const text = typeof word === "string" ? word : formatWord(told);
  const annotations: Record<string, string> = word === undefined ? {} : { [NODE_ANNOTATION]: text };
  return judgeAnnotation(clusterNode({ machineId, annotations }), {
    now: NOW,
    expiresWithinMs: 24 * 3_600_000,
  });
}

test("what a run left is current, until its credentials end", () => {
  expect(judge({})).toMatchObject({ state: "current", operator: "alice@bastion" });
  expect(judge({ expiresAt: at(25) })).toMatchObject({ state: "current", expiresAt: at(25) });
  expect(judge({ expiresAt: at(23) })).toMatchObject({
    state: "expiring",
    message: "a credential ends soon",
  });
  expect(judge({ expiresAt: at(-1) })).toMatchObject({
    state: "expiring",
    message: "a credential has ended",
  });
});

test("a time in the past is in force", () => {
  expect(judge({ effectiveBy: at(1) }).effectiveBy).toBe(at(1));
  expect(judge({ effectiveBy: at(-1) }).effectiveBy).toBeUndefined();
});

test("nothing is claimed of a node that no annotation tells of", () => {
  expect(judge(undefined)).toMatchObject({ state: "unknown", code: "PC341" });
  expect(judge("{}")).toMatchObject({ state: "unknown", code: "PC341" });
  const replaced = judge({}, "m2");
  expect(replaced).toMatchObject({ state: "unknown", code: "PC341" });
  expect(replaced.message).toContain("another machine");
});
