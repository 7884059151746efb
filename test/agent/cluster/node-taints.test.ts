import { expect, test } from "vitest";
import type { ApiAnswer } from "../../../agent/cluster/gateway-contract.ts";
import { matchesTaint, parseTaint, removeTaint } from "../../../agent/cluster/node-taints.ts";
import { scriptedGateway } from "./scripted-gateway.ts";

const GATE = { key: "example.com/gate", effect: "NoSchedule" };
const OTHER = { key: "other", value: "x", effect: "NoExecute" };
const NODE = { name: "n1", uid: "u1" };

const found = (taints: readonly object[], uid = "u1"): ApiAnswer => ({
  status: 200,
  body: { metadata: { uid }, spec: { taints } },
});
const answers = (...all: ApiAnswer[]) => scriptedGateway({ answers: all });

test.each([
  ["a.b/c", { key: "a.b/c" }],
  ["k=v", { key: "k", value: "v" }],
  ["k=:NoSchedule", { key: "k", value: "", effect: "NoSchedule" }],
  ["k:NoExecute", { key: "k", effect: "NoExecute" }],
  ["", undefined],
  ["-k", undefined],
  ["k:Never", undefined],
  ["k=v w", undefined],
])("%s is read as kubectl writes taints", (text, taint) => {
  expect(parseTaint(text)).toEqual(taint);
});

test("what a match leaves out may be anything", () => {
  expect(matchesTaint({ key: "k" }, { key: "k", value: "v", effect: "NoExecute" })).toBe(true);
  expect(matchesTaint({ key: "k", value: "" }, { key: "k", value: "v", effect: "" })).toBe(false);
});

test("the taint alone is taken off, if nothing else changed meanwhile", async () => {
  const gateway = answers(found([GATE, OTHER]), { status: 200, body: {} });
  expect(await removeTaint(gateway, NODE, { key: GATE.key })).toBe(true);
  expect(gateway.bodies[1]).toEqual([
    { op: "test", path: "/metadata/uid", value: "u1" },
    { op: "test", path: "/spec/taints", value: [GATE, OTHER] },
    { op: "replace", path: "/spec/taints", value: [OTHER] },
  ]);
});

test("a change that came between is read anew, and not undone", async () => {
  const late = { status: 422, body: { message: "the server rejected our request" } };
  const gateway = answers(found([GATE]), late, found([GATE, OTHER]), { status: 200, body: {} });
  expect(await removeTaint(gateway, NODE, { key: GATE.key })).toBe(true);
  expect(gateway.bodies[3]).toContainEqual({ op: "replace", path: "/spec/taints", value: [OTHER] });
});

test("another node by this name, one without the taint, and none at all are left alone", async () => {
  expect(await removeTaint(answers(found([GATE], "u2")), NODE, { key: GATE.key })).toBe(false);
  expect(await removeTaint(answers(found([OTHER])), NODE, { key: GATE.key })).toBe(false);
  expect(await removeTaint(answers({ status: 404, body: {} }), NODE, GATE)).toBe(false);
});

test("whoever may not is told so", async () => {
  const refused = answers(found([GATE]), { status: 403, body: { message: "no" } });
  await expect(removeTaint(refused, NODE, { key: GATE.key })).rejects.toMatchObject({
    code: "PC104",
  });
});
