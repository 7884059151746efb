import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openEventStream } from "../../../cli/reporters/event-stream.ts";
import { clusterNode } from "../../agent/cluster/cluster-node.ts";

const dir = mkdtempSync(join(tmpdir(), "pullcast-events-"));
afterAll(() => rmSync(dir, { recursive: true }));

function open(target: string, written: string[] = [], losses: string[] = []) {
  return openEventStream({
    ...{ target, version: "1.2.3", command: "push" },
    stdout: { write: (text) => written.push(text) },
    onLoss: (reason) => losses.push(reason),
  });
}

test("the first line names the form, the last is the report, and each is a line of JSON", () => {
  const file = join(dir, "events");
  const stream = open(file);
  stream.event({ type: "node-started", node: "a\u001b[31m" });
  stream.end({ kind: "PushReport" });
  stream.close();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { type: "stream", version: "pullcast.dev/events/v1alpha1", pullcast: "1.2.3", command: "push" },
    { type: "node-started", node: expect.not.stringContaining("\u001b") },
    { type: "report", report: { kind: "PushReport" } },
  ]);
  for (const line of lines) expect(line).toMatch(/^\{"time":"\d{4}-\d\d-\d\dT/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a plan names its nodes and repeats nothing else of them", () => {
  const written: string[] = [];
  open("-", written).event({
    type: "planned",
    operation: "push",
    run: "r",
    addressKinds: { InternalIP: 1 },
    targets: [
      {
        name: "a",
        host: "10.0.0.1",
        addressKind: "InternalIP",
        node: clusterNode({ name: "a", annotations: { note: "inner matters" } }),
      },
    ],
    skipped: [],
    concurrency: 1,
  });
  expect(JSON.parse(written[1] ?? "")).toMatchObject({
    targets: [{ node: "a", host: "10.0.0.1", addressKind: "InternalIP", uid: "uid-a" }],
  });
  expect(written.join("")).not.toContain("inner matters");
});

test("a file that takes no more is told once, and ends nothing", () => {
  const losses: string[] = [];
  const stream = open("/dev/full", [], losses);
  stream.event({ type: "node-started", node: "a" });
  stream.end({});
  stream.close();
  expect(losses).toEqual([expect.stringContaining("ENOSPC")]);
});

test("a file that can't be made is an error", () => {
  expect(() => open(join(dir, "no/such/file"))).toThrow("ENOENT");
});
