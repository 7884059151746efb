import { expect, test } from "vitest";
import { pausableSink } from "../../../cli/reporters/pausable-sink.ts";

function recorded() {
  const calls: string[] = [];
  const sink = pausableSink({
    live: true,
    line: (text) => void calls.push(`line ${text}`),
    status: (text) => void calls.push(`status ${text}`),
    end: () => void calls.push("end"),
  });
  return { calls, sink };
}

test("while it is paused nothing is written, then all lines and the last status", () => {
  const { calls, sink } = recorded();
  sink.line("before");
  const resume = sink.pause();
  sink.line("first");
  sink.status("1 of 3");
  sink.line("second");
  sink.status("2 of 3");
  expect(calls).toEqual(["line before", "end"]);
  resume();
  sink.line("after");
  expect(calls.slice(2)).toEqual(["line first", "line second", "status 2 of 3", "line after"]);
});

test("two pauses end with the second, and a status that has ended does not come back", () => {
  const { calls, sink } = recorded();
  const [first, second] = [sink.pause(), sink.pause()];
  sink.line("kept");
  first();
  expect(calls).toEqual(["end", "end"]);
  sink.status("over");
  sink.end();
  second();
  expect(calls.slice(2)).toEqual(["end", "line kept"]);
});
