import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, expect, test } from "vitest";
import type { ErrorDocument } from "../../../cli/render/document.ts";
import { openEventStream } from "../../../cli/reporters/event-stream.ts";
import { clusterNode } from "../../agent/cluster/cluster-node.ts";

const ENDED: ErrorDocument = {
  apiVersion: "pullcast.dev/v1alpha1",
  kind: "Error",
  code: "PC103",
  ...{ message: "the API server can't be reached", fix: "kubectl cluster-info" },
};

/** What docs/schema says of a line. */
const schema = new Ajv({ strict: false, allErrors: true }).compile(
  JSON.parse(readFileSync("docs/schema/events.schema.json", "utf8")) as object,
);

const dir = mkdtempSync(join(tmpdir(), "pullcast-events-"));
afterAll(() => rmSync(dir, { recursive: true }));

function open(target: string, written: string[] = [], losses: string[] = []) {
  return openEventStream({
    ...{ target, version: "1.2.3", command: "push" },
    stdout: { write: (text) => written.push(text) },
    onLoss: (reason) => losses.push(reason),
  });
}

function faultsOf(line: string): string[] {
  schema(JSON.parse(line));
  return (schema.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test("the schema knows a line that is none", () => {
  expect(faultsOf('{"type":"node-started","time":"2026-11-24T05:00:00Z"}')).not.toEqual([]);
  expect(faultsOf('{"type":"node-started","node":"a"}')).not.toEqual([]);
});

test("the first line names the form, the last is the report, and each is a line of JSON", () => {
  const file = join(dir, "events");
  const stream = open(file);
  stream.event({ type: "node-started", node: "a\u001b[31m" });
  stream.end(ENDED);
  stream.close();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { type: "stream", version: "pullcast.dev/events/v1alpha1", pullcast: "1.2.3", command: "push" },
    { type: "node-started", node: expect.not.stringContaining("\u001b") },
    { type: "report", report: { kind: "Error", code: "PC103" } },
  ]);
  for (const line of lines) expect(line).toMatch(/^\{"time":"\d{4}-\d\d-\d\dT/);
  for (const line of lines) expect(faultsOf(line)).toEqual([]);
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
  for (const line of written) expect(faultsOf(line)).toEqual([]);
});

test("a file that takes no more is told once, and ends nothing", () => {
  const losses: string[] = [];
  const stream = open("/dev/full", [], losses);
  stream.event({ type: "node-started", node: "a" });
  stream.end(ENDED);
  stream.close();
  expect(losses).toEqual([expect.stringContaining("ENOSPC")]);
});

test("a file that can't be made is an error", () => {
  expect(() => open(join(dir, "no/such/file"))).toThrow("ENOENT");
});
