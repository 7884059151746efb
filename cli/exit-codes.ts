import type {
  AccountPull,
  CheckItem,
  CleanupReport,
  Code,
  DiagnosedNode,
  Explanation,
  HoldingItem,
  Inspection,
  NamespaceItem,
  NamespaceStatus,
  NodeHistory,
  NodeReport,
  NodeStatus,
  PreloadItem,
  PullReport,
  TrustedNode,
} from "../agent/index.ts";
import { isTakenBack } from "./render/ended-well.ts";

/** All exit codes, in the order in which they are tried. */
export const EXIT_CODES = [
  { code: 130, meaning: "interrupted" },
  { code: 6, meaning: "the credential source is unusable; nothing was touched" },
  {
    code: 2,
    meaning: "wrong usage or configuration, no node was selected, or the plan was not confirmed",
  },
  {
    code: 1,
    meaning:
      "the cluster could not be asked, or pullcast itself failed; diff: something would change",
  },
  { code: 4, meaning: "all nodes, or namespaces, failed" },
  { code: 3, meaning: "some nodes, or namespaces, failed, are unknown or were not attempted" },
  {
    code: 5,
    meaning: "verify, status, check: not all is well; explain: no credential is tried",
  },
  { code: 0, meaning: "all is well" },
] as const;

/** An exit code of the table. */
export type ExitCode = (typeof EXIT_CODES)[number]["code"];

/** Codes of thrown errors that the user's command line or configuration causes. */
const USAGE: ReadonlySet<Code> = new Set<Code>([
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

/** How a command ended. */
export interface Ending {
  readonly interrupted: boolean;
  /** The code of the error that ended the run. */
  readonly error?: Code;
  /** What became of nodes in a push or restore, or of their host keys, or what a diagnosis found. */
  readonly nodes?: readonly (Pick<
    NodeHistory | NodeReport | TrustedNode | DiagnosedNode | PreloadItem | HoldingItem,
    "result"
  > & { readonly code?: Code })[];
  /** Nodes are compared with what they should have: 1 means that some differ, so that no error may end so. */
  readonly compares?: boolean;
  /** What became of nodes in a verify. */
  readonly pulls?: readonly Pick<AccountPull | PullReport, "result">[];
  /** What an inspection came to. */
  readonly inspected?: Inspection["result"];
  /** What an explanation came to. */
  readonly explained?: Explanation["result"];
  /** What a check found. */
  readonly checks?: readonly Pick<CheckItem, "group" | "name" | "result" | "code">[];
  /** In which states nodes are. */
  readonly states?: readonly Pick<NodeStatus | NamespaceStatus, "state">[];
  /** What became of namespaces. */
  readonly namespaces?: readonly Pick<NamespaceItem, "result">[];
  /** What became of test pods in a cleanup; none is well. */
  readonly pods?: readonly Pick<CleanupReport["items"][number], "result">[];
}

/** The exit code for an ending: the first of the table that applies. */
export function exitCodeOf(ending: Ending): ExitCode {
  if (ending.compares !== true) return plainExitCode(ending);
  const code = plainExitCode(ending);
  if (code !== 0) return code === 1 ? 2 : code;
  const compared: readonly { readonly result: string }[] = [
    ...(ending.nodes ?? []),
    ...(ending.namespaces ?? []),
  ];
  return compared.some(({ result }) => result.startsWith("would-")) ? 1 : 0;
}

function plainExitCode(ending: Ending): ExitCode {
  if (ending.interrupted) return 130;
  if (ending.error !== undefined) return exitCodeOfError(ending.error);
  if (ending.explained !== undefined) return ending.explained === "tried" ? 0 : 5;
  if (ending.checks !== undefined) return exitCodeOfChecks(ending.checks);
  if (ending.states !== undefined) return exitCodeOfStates(ending.states);
  if (ending.inspected === "refused") return 6;
  const nodes = withoutSkipped<Item>(ending.nodes ?? ending.namespaces);
  const pulls = withoutSkipped(ending.pulls);
  // Skipped nodes alone are no success: nobody was served.
  if (nodes?.length === 0) return 2;
  const items: readonly Item[] = [...(nodes ?? []), ...(ending.pods ?? [])];
  const failed = items.filter((item) => FAILED.has(item.result) || isTakenBack(item));
  if (failed.length > 0) return failed.length === items.length ? 4 : 3;
  if (pulls?.length === 0) return 2;
  return pulls?.some(({ result }) => result !== "pulled" && result !== "revoked") ? 5 : 0;
}

interface Item {
  readonly result: string;
  readonly code?: Code;
}

const UNKNOWN_STATES: ReadonlySet<string> = new Set<NodeStatus["state"]>([
  "unreachable",
  "unknown",
  "not-attempted",
]);

function exitCodeOfStates(states: NonNullable<Ending["states"]>): ExitCode {
  const asked = states.filter(({ state }) => state !== "skipped");
  if (asked.length === 0) return 2;
  const unknown = asked.filter(({ state }) => UNKNOWN_STATES.has(state)).length;
  if (unknown > 0) return unknown === asked.length ? 4 : 3;
  return asked.some(({ state }) => state !== "current") ? 5 : 0;
}

type Check = NonNullable<Ending["checks"]>[number];

/** What is a node's own among the codes that end a push when thrown. */
const OF_ONE_NODE: ReadonlySet<Code> = new Set<Code>([
  "PC112",
  "PC113",
  "PC114",
  "PC223",
  "PC264",
  "PC265",
  "PC266",
]);

/** As a push and a verify would end where they met the same. */
function exitCodeOfChecks(checks: readonly Check[]): ExitCode {
  const failed = checks.filter(({ result }) => result === "failed");
  if (failed.some(({ group, code }) => group === "source" && code.startsWith("PC6"))) return 6;
  const ofRun = failed.filter(({ group, code }) => isOfRun(group, code));
  if (ofRun.some(({ code }) => USAGE.has(code))) return 2;
  if (ofRun.length > 0) return 1;
  const isNode = ({ group }: Check) => group === "nodes" || group === "ssh";
  const failedNodes = new Set(failed.filter(isNode).map(({ name }) => name));
  const well = checks.some((item) => item.group === "ssh" && item.result === "ok");
  if (failedNodes.size > 0) return well ? 3 : 4;
  return failed.length > 0 ? 5 : 0;
}

function isOfRun(group: Check["group"], code: Code): boolean {
  if (group === "kubectl" || group === "rbac" || group === "source") return true;
  if (group === "registry" || group === "templates") return false;
  return code.startsWith("PC1") || USAGE.has(code) ? !OF_ONE_NODE.has(code) : false;
}

function withoutSkipped<Item extends { readonly result: string }>(
  items: readonly Item[] | undefined,
): readonly Item[] | undefined {
  return items?.filter(({ result }) => result !== "skipped");
}

const FAILED: ReadonlySet<string> = new Set<NodeReport["result"]>([
  "rolled-back",
  "failed",
  "unknown",
  "not-attempted",
]);

function exitCodeOfError(code: Code): ExitCode {
  if (USAGE.has(code)) return 2;
  if (code.startsWith("PC6")) return 6;
  // Thrown only where the run is about one node.
  return /^PC[23]/.test(code) ? 4 : 1;
}
