import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonError } from "../../../agent/util/json-place.ts";

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ["", 1, 1],
  ["{", 1, 2],
  ['{"a": x}', 1, 7],
  ['{\n  "a": 1,\n}', 3, 1],
  ['{"a" 1}', 1, 2],
  ["[1 2]", 1, 4],
  ["[1}", 1, 3],
  ["{} {}", 1, 4],
  ["01", 1, 2],
  ["truely", 1, 5],
  ['{"a":"\u0000"}', 1, 6],
  ['{"a":"\\x"}', 1, 6],
  ["[1.]", 1, 3],
])("%j stops being JSON at line %i, column %i", (text, line, column) => {
  expect(parses(text)).toBe(false);
  expect(findJsonError(text)).toEqual({ line, column });
});

test("agrees with JSON.parse about every JSON text and what is left of it after a cut or a change", () => {
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), char: fc.string() });
  const property = fc.property(fc.json(), edit, fc.boolean(), (json, { at, char }, cut) => {
    const offset = Math.floor(at * json.length);
    const text = json.slice(0, offset) + (cut ? "" : char + json.slice(offset + 1));
    expect(findJsonError(text) === undefined).toBe(parses(text));
  });
  fc.assert(property, { numRuns: 5000 });
});

test("agrees with JSON.parse about texts of JSON's own characters", () => {
  const text = fc.string({
    unit: fc.constantFrom(...'{}[],:"\\ -+.019eEtrufalsn\t\n\r\u00a0\u007f\ufeff\ud800'),
  });
  fc.assert(
    fc.property(text, (value) => {
      expect(findJsonError(value) === undefined).toBe(parses(value));
    }),
    { numRuns: 20_000 },
  );
});

test("deep nesting and long strings don't exhaust the stack", () => {
  const depth = 200_000;
  expect(findJsonError("[".repeat(depth))).toEqual({ line: 1, column: depth + 1 });
  expect(findJsonError("[".repeat(depth) + "]".repeat(depth))).toBeUndefined();
  expect(findJsonError(JSON.stringify("\n".repeat(500_000)))).toBeUndefined();
  expect(findJsonError(`"${"\\n".repeat(500_000)}`)).toEqual({ line: 1, column: 1 });
});
