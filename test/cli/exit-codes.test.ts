import { expect, test } from "vitest";
import { allCodes, type NodeResult, type PullResult } from "../../agent/index.ts";
import { type Ending, EXIT_CODES, exitCodeOf } from "../../cli/exit-codes.ts";

const nodes = (...results: NodeResult[]) => results.map((result) => ({ result }));
const pulls = (...results: PullResult[]) => results.map((result) => ({ result }));
const done = (ending: Omit<Ending, "interrupted">): Ending => ({ interrupted: false, ...ending });

test.each<[number, string, Ending]>([
  [0, "all nodes as they should be", done({ nodes: nodes("updated", "unchanged", "restored") })],
  [0, "skipped nodes don't count", done({ nodes: nodes("updated", "skipped") })],
  [3, "some failed", done({ nodes: nodes("updated", "failed") })],
  [3, "some unknown", done({ nodes: nodes("unchanged", "unknown") })],
  [3, "some not attempted", done({ nodes: nodes("updated", "not-attempted") })],
  [4, "all failed", done({ nodes: nodes("failed", "failed") })],
  [4, "all failed beside skipped ones", done({ nodes: nodes("failed", "skipped") })],
  [4, "all failed, each in its way", done({ nodes: nodes("failed", "unknown", "not-attempted") })],
  [2, "only skipped nodes", done({ nodes: nodes("skipped") })],
  [2, "no nodes", done({ nodes: [] })],
  [0, "all pulled", done({ pulls: pulls("pulled", "pulled", "skipped") })],
  [2, "nothing to pull on", done({ pulls: pulls("skipped") })],
  [5, "a public image proves nothing", done({ pulls: pulls("pulled", "public") })],
  [5, "pushed well, denied", done({ nodes: nodes("updated"), pulls: pulls("denied") })],
  [
    3,
    "some pushes failed goes before a failed proof",
    done({ nodes: nodes("updated", "failed"), pulls: pulls("denied") }),
  ],
  [130, "interrupted goes before all", { interrupted: true, nodes: nodes("failed") }],
  [130, "interrupted goes before an error", { interrupted: true, error: "PC601" }],
  [0, "no test pods to remove", done({ pods: [] })],
  [0, "test pods removed", done({ pods: [{ result: "removed" }] })],
  [3, "some test pods left", done({ pods: [{ result: "removed" }, { result: "failed" }] })],
])("%i: %s", (code, _name, ending) => {
  expect(exitCodeOf(ending)).toBe(code);
});

test.each<PullResult>([
  "public",
  "denied",
  "not-found",
  "denied-or-missing",
  "rate-limited",
  "no-platform",
  "tls",
  "unreachable",
  "disk",
  "not-yet",
  "unproven",
  "not-attempted",
])("5: a node that ends as %s is not proven", (result) => {
  expect(exitCodeOf(done({ pulls: pulls("pulled", result) }))).toBe(5);
});

test("errors: credentials 6, usage and selection 2, all others 1", () => {
  const withExit = (exit: number) =>
    allCodes().filter((code) => exitCodeOf(done({ error: code })) === exit);
  expect(withExit(6)).toEqual(allCodes().filter((code) => code.startsWith("PC6")));
  expect(withExit(2)).toEqual([
    "PC001",
    "PC101",
    "PC102",
    "PC110",
    "PC111",
    "PC112",
    "PC113",
    "PC114",
    "PC118",
    "PC119",
    "PC215",
    "PC222",
    "PC223",
    "PC701",
  ]);
  expect(withExit(1)).toEqual(
    expect.arrayContaining(["PC002", "PC103", "PC104", "PC105", "PC106"]),
  );
});

test("the table names each code once", () => {
  const codes = EXIT_CODES.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});
