import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { toGitHub } from "../../../cli/render/github.ts";
import { toJUnit } from "../../../cli/render/junit.ts";
import { writeReportFile } from "../../../cli/render/report-file.ts";

const dir = mkdtempSync(join(tmpdir(), "pullcast-report-"));
afterAll(() => rmSync(dir, { recursive: true }));

const REPORT = {
  apiVersion: "v",
  kind: "PushReport",
  startedAt: "2026-11-24T05:01:02.123Z",
  durationMs: 1500,
  items: [
    { node: "a", result: "updated", durationMs: 250 },
    {
      ...{ node: "b", result: "failed", code: "PC203", durationMs: 10 },
      message: 'no answer: 100% <lost> & "gone"\nsecond line',
      fix: "check the route",
    },
    { node: "c", result: "failed", code: "PC203", message: "no answer", fix: "check the route" },
    { node: "w", result: "skipped", code: "PC115", message: "it runs Windows" },
  ],
};
const SECRETS = {
  kind: "SecretReport",
  items: [
    { namespace: "x", result: "created" },
    { namespace: "y", result: "kept", code: "PC173", message: "not ours" },
  ],
};

describe("JUnit", () => {
  const xml = toJUnit({ kind: "List", items: [REPORT, SECRETS] });

  test("has a suite for each report and a case for each node or namespace", () => {
    expect(xml).toContain(
      '<testsuite name="PushReport" tests="4" failures="2" skipped="1" time="1.500" timestamp="2026-11-24T05:01:02">',
    );
    expect(xml).toContain('<testcase classname="PushReport" name="a" time="0.250"/>');
    expect(xml).toContain('<testsuite name="SecretReport" tests="2" failures="1" skipped="0"');
    expect(xml).toContain('<skipped message="PC115 it runs Windows"/>');
    expect(xml).toContain("fix: check the route</failure>");
  });

  test("is XML whatever a node says: tags close each other, and nothing stands bare", () => {
    const open: string[] = [];
    const left = xml.replaceAll(
      /<\?[^>]*\?>|<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g,
      (...[, end, name, , empty]: (string | undefined)[]) => {
        if (name !== undefined && end === "" && empty === "") open.push(name);
        if (end === "/") expect(open.pop()).toBe(name);
        return "";
      },
    );
    expect(open).toEqual([]);
    expect(left).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;|#10;)/);
    expect(xml).toContain(
      'message="no answer: 100% &lt;lost&gt; &amp; &quot;gone&quot;&#10;second line"',
    );
  });
});

describe("GitHub's annotations", () => {
  test("are one line for each cause, with what a line may not have escaped", () => {
    const lines = toGitHub(REPORT).trimEnd().split("\n");
    expect(lines).toEqual(["::error title=pullcast PC203::b, c: failed%0Afix: check the route"]);
    const one = toGitHub({ ...REPORT, items: REPORT.items.slice(0, 2) });
    expect(one).toBe(
      '::error title=pullcast PC203::b: failed%0Ano answer: 100%25 <lost> & "gone"%0Asecond line%0Afix: check the route\n',
    );
  });

  test("are none where all is well", () => {
    expect(toGitHub({ ...REPORT, items: REPORT.items.slice(0, 1) })).toBe("");
  });
});

describe("a report's file", () => {
  test("is JSON, YAML or JUnit by its name, and its owner's alone", async () => {
    const paths = ["r.json", "r.yaml", "r.out", "r2.xml"].map((name) => join(dir, name));
    for (const path of paths) await writeReportFile(path, REPORT);
    const [json = "", yaml = "", other = "", xml = ""] = paths.map((path) =>
      readFileSync(path, "utf8"),
    );
    expect(JSON.parse(json)).toEqual(REPORT);
    expect(parse(yaml)).toEqual(REPORT);
    expect(JSON.parse(other)).toEqual(REPORT);
    expect(xml).toBe(toJUnit(REPORT));
    for (const path of paths) expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("that can't be written is told by its option", async () => {
    await expect(writeReportFile(join(dir, "no/such/r.json"), REPORT)).rejects.toThrow("--report");
  });
});
