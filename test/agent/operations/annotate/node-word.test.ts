import { expect, test } from "vitest";
import {
  formatWord,
  type NodeWord,
  parseWord,
} from "../../../../agent/operations/annotate/node-word.ts";

const WORD: NodeWord = {
  run: "20261124T050102Z-1f3a9c",
  at: "2026-11-24T05:01:02.000Z",
  operation: "push",
  operator: "alice@bastion",
  manager: "alice@bastion: config.json",
  keys: ["reg.example", "reg.example/team"],
  expiresAt: "2026-12-24T05:01:02.000Z",
  effectiveBy: "2026-11-24T05:06:02.000Z",
  path: "/var/lib/kubelet/config.json",
  machine: "abc",
};

test("a word comes back as it was written", () => {
  expect(parseWord(formatWord(WORD))).toEqual(WORD);
});

test("what is no word of ours is none", () => {
  const without = (fields: Record<string, unknown>) =>
    JSON.stringify({ version: 1, ...WORD, ...fields });
  for (const text of [
    "",
    "null",
    "[]",
    "{",
    without({ version: 2 }),
    without({ run: "" }),
    without({ at: "yesterday" }),
    without({ operation: "format" }),
  ]) {
    expect(parseWord(text), text).toBeUndefined();
  }
});

test("fields that others wrote wrongly are left out, and texts are cleaned", () => {
  const text = JSON.stringify({
    version: 1,
    ...WORD,
    expiresAt: "soon",
    keys: ["ok.example", 7, "bad\u001b[31m"],
    operator: "x\u0007y",
  });
  const { keys, operator, expiresAt } = parseWord(text) ?? {};
  expect(keys?.[0]).toBe("ok.example");
  expect(keys).toHaveLength(2);
  expect(JSON.stringify([keys, operator])).not.toMatch(/u001b|u0007/);
  expect(expiresAt).toBeUndefined();
});

test("an annotation stays small however many keys there are", () => {
  const keys = Array.from({ length: 5000 }, (_, at) => `reg-${at}.example`);
  expect(formatWord({ ...WORD, keys }).length).toBeLessThan(2500);
});
