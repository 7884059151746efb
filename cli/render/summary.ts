import {
  type CheckItem,
  describeCode,
  type NodeHistory,
  type NodeReport,
  type NodeStatus,
  type Notice,
  type PullReport,
  type TrustedNode,
  type TrustReport,
} from "../../agent/index.ts";
import { causeLines, type Failure } from "./causes.ts";
import { countsText, type NodesReport, type Report } from "./document.ts";
import { ENDED_WELL } from "./ended-well.ts";
import { groupWarnings, nameList, neutralText, renamed } from "./groups.ts";
import { formatClock, formatDuration } from "./time.ts";

/** What the lines after a report depend on. */
export interface SummaryOptions {
  /** Only failures and the counts. */
  readonly quiet?: boolean;
  /** Whether the reader has seen this message of a failure already: in the table, or as a line of progress. */
  readonly isTold?: (message: string) => boolean;
}

/**
 * What follows the table, on standard error: warnings of nodes, each cause of failure with the step
 * that mends it, and last the counts and when the change is in force.
 */
export function renderSummary(report: Report, options: SummaryOptions = {}): string[] {
  const { quiet = false, isTold = () => false } = options;
  if (report.kind === "CleanupReport") return [renderCounts(report)];
  if (report.kind === "TrustReport") {
    const lines = causeLines(failuresOf(report.items), isTold);
    return [...lines, ...(quiet ? [] : trustLines(report)), renderCounts(report)];
  }
  if (report.kind === "StatusReport" || report.kind === "HistoryReport") {
    const lines = causeLines(lookFailures(report.items), isTold);
    return [...lines, renderCounts(report)];
  }
  if (report.kind === "CheckReport") {
    return [...checkLines(report.items, { quiet, isTold }), renderCounts(report)];
  }
  const items: Items = report.items;
  const ended = report.stopped === undefined ? [] : stopLines(report.stopped);
  if (quiet) return [...causeLines(failuresOf(items), isTold), ...ended, renderCounts(report)];
  const warnings = groupWarnings(items).map(
    ({ notice, nodes }) => `! ${notice.code} ${notice.message} (${nameList(nodes)})`,
  );
  return [...warnings, ...causeLines(failuresOf(items), isTold), ...ended, ...outcome(report)];
}

/** Why the waves that are left were not begun. */
function stopLines({ code, message }: Notice): string[] {
  return [`! ${code} ${message}`, `  fix: ${describeCode(code).fix}`];
}

/** How many ended how. */
function renderCounts(report: Report): string {
  const text = countsText(report.items);
  const none = report.kind === "CleanupReport" ? "no test pods" : "no nodes";
  // Rows of a check are folded: the number tells what is counted.
  const of = report.kind === "CheckReport" ? ` of ${report.items.length} checks` : "";
  const pool = "pool" in report && report.pool !== undefined ? `pool ${report.pool}: ` : "";
  return `${pool}${text === "" ? none : text}${of} in ${formatDuration(report.durationMs)}`;
}

function outcome(report: NodesReport): string[] {
  const force = report.kind === "VerifyReport" ? undefined : inForceBy(report.items);
  return [renderCounts(report), ...(force === undefined ? [] : [force])];
}

/** The last node's time; nothing where all kubelets use the file already. */
function inForceBy(items: readonly NodeReport[]): string | undefined {
  const times = items.flatMap(({ restarted, effectiveBy, pathProof, provider }) =>
    restarted === true || provider === "on" || pathProof === "assumed" || effectiveBy === undefined
      ? []
      : [effectiveBy],
  );
  const latest = times.sort().at(-1);
  if (latest === undefined) return undefined;
  return `in force by ${formatClock(latest)} at the latest: a kubelet reads the file every 5 minutes (--restart-kubelet: at once)`;
}

function failuresOf(items: readonly (Items[number] | TrustedNode)[]): Failure[] {
  return items.flatMap((item) => {
    const { node, code, result, message = "", fix = "" } = item;
    if (code === undefined || result === "skipped" || isOfStop(code)) return [];
    const neutral = (text: string) => neutralText(item, text);
    return [{ code, name: node, message, fix, neutral }];
  });
}

/** Nodes that another node's failure, or a pause, kept the run from: the run tells that once. */
function isOfStop(code: string): boolean {
  return code === "PC140" || code === "PC141" || code === "PC145";
}

function lookFailures(items: readonly (NodeStatus | NodeHistory)[]): Failure[] {
  return items.flatMap(({ node, code, message = "", fix = "", ...item }) =>
    code === undefined || ("state" in item ? item.state : item.result) === "skipped"
      ? []
      : [{ code, name: node, message, fix, neutral: (text) => renamed(text, node, "NODE") }],
  );
}

/** Warnings first: failures are what stays on the screen. */
function checkLines(
  items: readonly CheckItem[],
  { quiet, isTold }: Required<SummaryOptions>,
): string[] {
  const of = (wanted: CheckItem["result"]) =>
    items
      .filter(({ result }) => result === wanted)
      .map(({ fix = "", ...item }) => ({ ...item, fix, neutral: (text: string) => text }));
  const warnings = quiet ? [] : causeLines(of("warning"), isTold);
  return [
    ...warnings.map((line) => (line.startsWith(" ") ? line : `! ${line}`)),
    ...causeLines(of("failed"), isTold),
  ];
}

type Items = readonly (NodeReport | PullReport)[];

/** Pins are worth what those are who gave them. */
function trustLines({ file, trusted, items }: TrustReport): string[] {
  if (!items.some(({ result }) => ENDED_WELL.has(result))) return [];
  return [`pinned by node UID in ${file}, on the word of ${listOf(trusted)}`];
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
