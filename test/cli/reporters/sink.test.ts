import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { canShowStatus, lineSink, spinnerSink } from "../../../cli/reporters/sink.ts";

test.each([
  [true, { isTTY: true, columns: 80 }, {}],
  [false, { isTTY: false, columns: 80 }, {}],
  [false, { isTTY: true, columns: 0 }, {}],
  [false, { isTTY: true }, {}],
  [false, { isTTY: true, columns: 80 }, { CI: "true" }],
  [false, { isTTY: true, columns: 80 }, { TERM: "dumb" }],
])("a changing status: %s for %j in %j", (shown, stream, env) => {
  expect(canShowStatus({ stderr: { ...stream, write: () => {} }, env })).toBe(shown);
});

test("a log has lines and no status", () => {
  const texts: string[] = [];
  const sink = lineSink({ write: (text) => texts.push(text) });
  sink.status("1 of 2");
  sink.line("a");
  sink.end();
  expect(texts).toEqual(["a\n"]);
});

test("on a terminal each line comes whole, the status under it, and at the end no status is left", async () => {
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 80,
    cursorTo: () => true,
    clearLine: () => stream.write("<clear>"),
    moveCursor: () => true,
  });
  const sink = await spinnerSink(stream as unknown as NodeJS.WriteStream);
  sink.line("before");
  sink.status("1 of 2");
  sink.line("between");
  sink.status("2 of 2");
  sink.end();
  sink.line("after");
  const text = stripVTControlCharacters(String(stream.read()));
  expect(text).toMatch(/^before\n/);
  expect(text).toContain("1 of 2");
  expect(text).toContain("<clear>between\n");
  expect(text).toMatch(/<clear>after\n$/);
});
