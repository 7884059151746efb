import { type Code, describeCode, type NodeReport, type PullReport } from "../../agent/index.ts";
import { checkCauses } from "./check.ts";
import { countResults, type NodesReport, type Report } from "./document.ts";
import { groupBy, groupWarnings, nameList, neutralText, sharedText } from "./groups.ts";
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
  if (report.kind === "CheckReport") {
    const items = quiet ? report.items.filter(({ result }) => result === "failed") : report.items;
    return [...checkCauses(items), renderCounts(report)];
  }
  const items: Items = report.items;
  if (quiet) return [...causes(items, isTold), renderCounts(report)];
  const warnings = groupWarnings(items).map(
    ({ notice, nodes }) => `! ${notice.code} ${notice.message} (${nameList(nodes)})`,
  );
  return [...warnings, ...causes(items, isTold), ...outcome(report)];
}

/** How many ended how. */
function renderCounts(report: Report): string {
  const counts = Object.entries(countResults(report.items));
  const text = counts.map(([result, count]) => `${count} ${result}`).join(", ");
  const none = report.kind === "CleanupReport" ? "no test pods" : "no nodes";
  // Rows of a check are folded: the number tells what is counted.
  const of = report.kind === "CheckReport" ? ` of ${report.items.length} checks` : "";
  return `${text === "" ? none : text}${of} in ${formatDuration(report.durationMs)}`;
}

function outcome(report: NodesReport): string[] {
  const force = report.kind === "VerifyReport" ? undefined : inForceBy(report.items);
  return [renderCounts(report), ...(force === undefined ? [] : [force])];
}

/** The last node's time; nothing where all kubelets use the file already. */
function inForceBy(items: readonly NodeReport[]): string | undefined {
  const times = items.flatMap(({ restarted, effectiveBy, pathProof }) =>
    restarted === true || pathProof === "assumed" || effectiveBy === undefined ? [] : [effectiveBy],
  );
  const latest = times.sort().at(-1);
  if (latest === undefined) return undefined;
  return `in force by ${formatClock(latest)} at the latest: a kubelet reads the file every 5 minutes (--restart-kubelet: at once)`;
}

/** Distinct texts of one code that are shown; a document has all. */
const MAX_DETAILS = 3;

/**
 * Failures by code, each with its nodes and the step that mends it. What happened in particular is told only
 * where no other line has told it.
 */
function causes(
  items: readonly (NodeReport | PullReport)[],
  isTold: (message: string) => boolean,
): string[] {
  const coded = items.filter(({ code, result }) => code !== undefined && result !== "skipped");
  return groupBy(coded, ({ code }) => code ?? "").flatMap((members) => {
    const [code] = members.map((item) => item.code);
    if (code === undefined) return [];
    const head = `${code} ${describeCode(code).title} (${members.length}: ${namesOf(members)})`;
    return [head, ...details(members, isTold), ...fixes(members)];
  });
}

type Items = readonly (NodeReport | PullReport)[];

function namesOf(items: Items): string {
  return nameList(items.map(({ node }) => node));
}

function details(items: Items, isTold: (message: string) => boolean): string[] {
  const groups = groupBy(items, (item) => neutralText(item, item.message));
  const lines = groups.flatMap((members) => {
    const text = sharedText(members, ({ message }) => message);
    const told = isTold(text) || members.every(({ message = "" }) => isTold(message));
    const [first] = members;
    if (told || text === "" || first?.code === undefined) return [];
    if (text === describeCode(first.code).title) return [];
    return [
      `  ${groups.length > 1 ? `${namesOf(members)}: ` : ""}${withoutTitle(text, first.code)}`,
    ];
  });
  return some(lines);
}

function fixes(items: Items): string[] {
  const groups = groupBy(items, (item) => neutralText(item, item.fix));
  const texts = groups.map((members) => sharedText(members, ({ fix }) => fix));
  return some(texts.filter((text) => text !== "").map((text) => `  fix: ${text}`));
}

function some(lines: readonly string[]): string[] {
  if (lines.length <= MAX_DETAILS) return [...lines];
  return [
    ...lines.slice(0, MAX_DETAILS),
    `  and ${lines.length - MAX_DETAILS} more: -o wide or json`,
  ];
}

/** The line above has the title. */
function withoutTitle(text: string, code: Code): string {
  const { title } = describeCode(code);
  return text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text;
}
