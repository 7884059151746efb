import { expect, test } from "vitest";
import { paintResult, wantsColor } from "../../../cli/render/color.ts";
import { renderTable } from "../../../cli/render/table.ts";
import { formatClock, formatDuration } from "../../../cli/render/time.ts";
import { wrap } from "../../../cli/render/wrap.ts";

const terminal = { isTTY: true, write: () => {} };

test("a table is no wider than the line, though its last column's header is longer than its texts", () => {
  const rows = [["a-registry-with-a-long-name.example.com", "x"]];
  const text = renderTable(["REGISTRY", "FINGERPRINT"], rows, { width: 50 });
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(50);
});

test("columns are as wide as their widest cell, the last is not padded", () => {
  const text = renderTable(
    ["NODE", "RESULT", "MESSAGE"],
    [
      ["a", "updated", undefined],
      ["a-long-name", "failed", "why"],
    ],
  );
  expect(text).toBe(
    "NODE          RESULT    MESSAGE\na             updated   -\na-long-name   failed    why\n",
  );
});

test("colours don't count as width", () => {
  const text = renderTable(
    ["RESULT", "X"],
    [
      ["failed", "1"],
      ["plain", "2"],
    ],
    { paint: paintResult },
  );
  expect(text).toBe("RESULT   X\n\u001b[31mfailed\u001b[0m   1\nplain    2\n");
});

interface ColorCase {
  readonly env: Readonly<Record<string, string>>;
  readonly stream?: { readonly write: () => void };
  readonly noColor?: boolean;
}

test.each<[boolean, ColorCase]>([
  [true, { env: {} }],
  [true, { env: { NO_COLOR: "" } }],
  [false, { env: {}, stream: { write: () => {} } }],
  [false, { env: { NO_COLOR: "1" } }],
  [false, { env: { TERM: "dumb" } }],
  [false, { env: {}, noColor: true }],
])("colours: %s for %j", (wanted, { env, stream = terminal, noColor = false }) => {
  expect(wantsColor({ env }, stream, noColor)).toBe(wanted);
});

test.each([
  [0, "0.0 s"],
  [840, "0.8 s"],
  [9940, "9.9 s"],
  [9960, "10 s"],
  [59_400, "59 s"],
  [59_600, "1m00s"],
  [125_000, "2m05s"],
])("%i ms is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("a clock shows local time, and ? for what is no time", () => {
  const date = new Date(2026, 10, 24, 5, 6, 7);
  expect(formatClock(date.toISOString())).toBe("05:06:07");
  expect(formatClock("soon")).toBe("?");
});

test("text is broken between words, words stay whole", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("a verylongword b", 6)).toEqual(["a", "verylongword", "b"]);
});
