import { describe, expect, test } from "vitest";
import type { PullcastEvent } from "../../../agent/index.ts";
import { watchLog } from "../../../cli/watch/log.ts";
import { logLine } from "../../../cli/watch/log-line.ts";

const cause = { code: "PC103", message: "the API server can't be reached" } as const;
const words = (event: PullcastEvent) => {
  const line = logLine(event);
  return line && `${line.level} ${line.text}`;
};

describe("a watch's log", () => {
  test("says what came of a node, how long it took and what vouched for its key", () => {
    const report = {
      node: "n1",
      address: "10.0.0.1",
      result: "updated",
      durationMs: 840,
      hostKeyBy: "pinned",
    } as const;
    expect(words({ type: "node-finished", report })).toBe(
      "info n1: updated, 0.8 s, host key pinned",
    );
    const unchanged = { ...report, result: "unchanged" } as const;
    expect(words({ type: "node-finished", report: unchanged })).toMatch(/^debug/);
    const accepted = { ...unchanged, hostKeyBy: "accepted" } as const;
    expect(words({ type: "node-finished", report: accepted })).toMatch(/^info .*new and accepted/);
    const failed = {
      ...report,
      result: "failed",
      code: "PC211",
      message: "why",
      fix: "how",
    } as const;
    expect(words({ type: "node-finished", report: failed })).toBe(
      "warn n1: failed: PC211 why; fix: how",
    );
  });

  test("tells a failure that goes on ever more rarely", () => {
    const levels = [1, 2, 3, 4, 5, 8, 100, 128].map((failures) => {
      const line = logLine({ type: "cluster-lost", cause, failures });
      return line?.level;
    });
    expect(levels).toEqual(["warn", "warn", "debug", "warn", "debug", "warn", "debug", "warn"]);
  });

  test("a source that failed is an error once its last good credentials have ended", () => {
    const event = { type: "credentials-failed", cause, failures: 1, nextAt: "" } as const;
    expect(words({ ...event, lastGoodUntil: "2000-01-01T00:00:00Z" })).toMatch(
      /^error .*which ended/,
    );
    expect(words({ ...event, lastGoodUntil: "2999-01-01T00:00:00Z" })).toMatch(
      /^warn .* until 2999/,
    );
  });

  test("a gate that opens without a proof is a warning", () => {
    const event = { type: "gate-opened", node: "n1", uid: "u" } as const;
    expect(words({ ...event, forced: true })).toMatch(/^warn n1: PC182/);
    expect(words({ ...event, forced: false })).toMatch(/^info/);
  });

  test("its lines of JSON hold the event, and no text of others can forge a line or a colour", () => {
    const lines: string[] = [];
    const log = watchLog({ format: "json", level: "info", write: (line) => lines.push(line) });
    log({ type: "node-gone", node: "a\n\u001b[31mb", uid: "u" });
    log({ type: "node-state", node: "n1", uid: "u", state: "served" });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd().split(/\p{Cc}/u)).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      event: { type: "node-gone" },
    });
  });
});
