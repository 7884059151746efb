import type { NodeReport, PullReport } from "../../agent/index.ts";
import { checkCauses } from "./check.ts";
import { countResults, type NodesReport, type Report } from "./document.ts";
import { groupByCause, groupWarnings, nameList } from "./groups.ts";
import { formatClock, formatDuration } from "./time.ts";

/**
 * What follows the table, on standard error: warnings of nodes, each cause of failure with the step
 * that mends it, and last the counts and when the change is in force.
 */
export function renderSummary(report: Report): string[] {
  if (report.kind === "CleanupReport") return [renderCounts(report)];
  if (report.kind === "CheckReport") {
    return [...checkCauses(report.items), renderCounts(report)];
  }
  const items: readonly (NodeReport | PullReport)[] = report.items;
  const warnings = groupWarnings(items).map(
    ({ notice, nodes }) => `! ${notice.code} ${notice.message} (${nameList(nodes)})`,
  );
  return [...warnings, ...causes(items), ...outcome(report)];
}

/** Counts alone, for `--quiet`. */
export function renderCounts(report: Report): string {
  const counts = Object.entries(countResults(report.items));
  const text = counts.map(([result, count]) => `${count} ${result}`).join(", ");
  const none = report.kind === "CleanupReport" ? "no test pods" : "no nodes";
  return `${text === "" ? none : text} in ${formatDuration(report.durationMs)}`;
}

function outcome(report: NodesReport): string[] {
  const force = report.kind === "VerifyReport" ? undefined : inForceBy(report.items);
  return [renderCounts(report), ...(force === undefined ? [] : [force])];
}

/** The last node's time; nothing where all kubelets use the file already. */
function inForceBy(items: readonly NodeReport[]): string | undefined {
  const times = items.flatMap(({ restarted, effectiveBy }) =>
    restarted === true || effectiveBy === undefined ? [] : [effectiveBy],
  );
  const latest = times.sort().at(-1);
  if (latest === undefined) return undefined;
  return `in force by ${formatClock(latest)} at the latest: a kubelet reads the file every 5 minutes (--restart-kubelet: at once)`;
}

function causes(items: readonly (NodeReport | PullReport)[]): string[] {
  const coded = items.filter(({ code, result }) => code !== undefined && result !== "skipped");
  return groupByCause(coded, ({ fix }) => fix ?? "").flatMap(({ items: members, message }) => {
    const [first] = members;
    const names = nameList(members.map(({ node }) => node));
    const fix = first?.fix === undefined ? [] : [`  fix: ${first.fix}`];
    return [`${first?.code} ${message} (${members.length}: ${names})`, ...fix];
  });
}
