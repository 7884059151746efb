import { expect, test } from "vitest";
import { cleanDeep } from "../../../cli/render/clean-deep.ts";

test("what is safe to print is not copied", () => {
  const report = {
    node: "n1",
    count: Number.NaN,
    gone: undefined,
    rows: [{ text: "a b" }, null, 3],
  };
  expect(cleanDeep(report)).toBe(report);
  expect(cleanDeep(report.rows)).toBe(report.rows);
});

test("a text that could steer a terminal is made visible wherever it stands, in a copy", () => {
  const clean = { node: "n1" };
  const report = { clean, rows: ["a", ["\u001b[2J"], { "k\u202ey": { text: "x\ny" } }] };
  const before = structuredClone(report);
  const cleaned = cleanDeep(report);
  expect(cleaned).toEqual({
    clean,
    rows: ["a", ["\\x1b[2J"], { "k\\u202ey": { text: "x ⏎ y" } }],
  });
  expect(cleaned.clean).toBe(clean);
  expect(report).toEqual(before);
});

test("a field named as the prototype stays a field", () => {
  const cleaned = cleanDeep(JSON.parse('{"__proto__": {"text": "a\\u0007"}}'));
  expect(Object.getPrototypeOf(cleaned)).toBe(Object.prototype);
  expect(Object.keys(cleaned)).toEqual(["__proto__"]);
});
