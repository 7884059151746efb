import { expect, test } from "vitest";
import {
  allCodes,
  type DiagnosedNode,
  type NamespaceItem,
  type NodeResult,
  type PullResult,
} from "../../agent/index.ts";
import { type Ending, EXIT_CODES, exitCodeOf } from "../../cli/exit-codes.ts";

const nodes = (...results: (NodeResult | DiagnosedNode["result"])[]) =>
  results.map((result) => ({ result }));
const spaces = (...results: NamespaceItem["result"][]) => results.map((result) => ({ result }));
const pulls = (...results: PullResult[]) => results.map((result) => ({ result }));
const checks = (...texts: string[]): Ending => ({
  interrupted: false,
  checks: texts.map((text) => {
    const [group = "", name = "", result = "", code = "PC000"] = text.split(" ");
    return { group, name, result, code } as NonNullable<Ending["checks"]>[number];
  }),
});
const done = (ending: Omit<Ending, "interrupted">): Ending => ({ interrupted: false, ...ending });

test.each<[number, string, Ending]>([
  [
    0,
    "all nodes as they should be",
    done({ nodes: nodes("updated", "unchanged", "restored", "removed") }),
  ],
  [0, "skipped nodes don't count", done({ nodes: nodes("updated", "skipped") })],
  [3, "some failed", done({ nodes: nodes("updated", "failed") })],
  [3, "some unknown", done({ nodes: nodes("unchanged", "unknown") })],
  [3, "some not attempted", done({ nodes: nodes("updated", "not-attempted") })],
  [4, "all failed", done({ nodes: nodes("failed", "failed") })],
  [4, "all failed beside skipped ones", done({ nodes: nodes("failed", "skipped") })],
  [4, "all failed, each in its way", done({ nodes: nodes("failed", "unknown", "not-attempted") })],
  [0, "a diagnosis in which all is well", done({ nodes: nodes("ready", "works", "skipped") })],
  [3, "a diagnosis in which some would fail", done({ nodes: nodes("works", "failed") })],
  [4, "a diagnosis in which all would fail", done({ nodes: nodes("failed", "skipped") })],
  [2, "only skipped nodes", done({ nodes: nodes("skipped") })],
  [2, "no nodes", done({ nodes: [] })],
  [
    0,
    "a comparison that finds no difference",
    done({ nodes: nodes("unchanged", "skipped"), compares: true }),
  ],
  [
    1,
    "a comparison that finds one",
    done({ nodes: nodes("unchanged", "would-update"), compares: true }),
  ],
  [
    3,
    "a comparison that some nodes refuse",
    done({ nodes: nodes("would-update", "failed"), compares: true }),
  ],
  [2, "a comparison without a cluster to ask", done({ error: "PC103", compares: true })],
  [0, "a plan", done({ nodes: nodes("would-update") })],
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
  [0, "a check with warnings", checks("ssh n1 ok", "registry r warning PC432")],
  [
    6,
    "a check with a bad source, before all",
    checks("source s failed PC603", "kubectl k failed PC101"),
  ],
  [1, "a check whose Secret may not be read", checks("source s failed PC104", "ssh n1 ok")],
  [2, "a check without kubectl", checks("kubectl k failed PC101", "ssh n1 failed PC202")],
  [2, "a check that selects nothing", checks("nodes selection failed PC110")],
  [2, "a check with an unusable key file", checks("ssh keys failed PC222")],
  [1, "a check that the API server doesn't answer", checks("kubectl k failed PC103")],
  [1, "a check with a permission missing", checks("rbac r failed PC130", "ssh n1 ok")],
  [
    4,
    "a check in which no node lets us in",
    checks("ssh n1 failed PC202", "nodes n2 failed PC112"),
  ],
  [3, "a check in which some do", checks("ssh n1 failed PC202", "ssh n2 ok")],
  [3, "a check with a node without address", checks("nodes n1 failed PC112", "ssh n2 ok")],
  [
    5,
    "a check with a credential that does not work",
    checks("ssh n1 ok", "registry r failed PC430"),
  ],
  [0, "an explanation with something to try", done({ explained: "tried" })],
  [5, "an explanation with nothing to try", done({ explained: "none" })],
  [5, "an explanation of a pull that fails", done({ explained: "fails" })],
  [4, "an explanation of a node that can't be reached", done({ error: "PC203" })],
  [0, "namespaces served, one left out", done({ namespaces: spaces("created", "skipped") })],
  [3, "a namespace that failed", done({ namespaces: spaces("updated", "failed") })],
  [4, "all namespaces failed", done({ namespaces: spaces("failed", "skipped") })],
  [2, "no namespace that could be served", done({ namespaces: spaces("skipped") })],
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
  const unusable = allCodes().filter((code) => code.startsWith("PC6") && code !== "PC638");
  expect(withExit(6)).toEqual(unusable);
  expect(withExit(2)).toEqual([
    "PC001",
    "PC101",
    "PC102",
    "PC110",
    "PC111",
    "PC112",
    "PC113",
    "PC114",
    "PC117",
    "PC118",
    "PC119",
    "PC147",
    "PC150",
    "PC151",
    "PC160",
    "PC168",
    "PC215",
    "PC222",
    "PC223",
    "PC235",
    "PC264",
    "PC265",
    "PC266",
    "PC352",
    "PC638",
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
