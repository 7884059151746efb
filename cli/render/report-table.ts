import type { CheckItem, CleanupReport, NodeReport, PullReport } from "../../agent/index.ts";
import { type CheckRow, foldChecks } from "./check.ts";
import type { Report } from "./document.ts";
import { GROUP_FROM, groupByCause, nameList } from "./groups.ts";
import { type Paint, renderTable } from "./table.ts";
import { formatClock, formatDuration } from "./time.ts";

/** Messages end here in a table; the documents have them whole. */
const MAX_MESSAGE = 200;

/** A column: its header and its cell for an item. */
type Column<Item> = readonly [header: string, cell: (item: Item) => string | undefined];

const NODE_COLUMNS: readonly Column<NodeReport>[] = [
  ["NODE", ({ node }) => node],
  ["ADDRESS", ({ address }) => address],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["IN FORCE", inForce],
  ["MESSAGE", ({ message }) => short(message)],
];

const NODE_WIDE: readonly Column<NodeReport>[] = [
  ...NODE_COLUMNS.slice(0, -1),
  ["TIME", ({ durationMs }) => formatDuration(durationMs)],
  ["PHASE", ({ phase }) => phase],
  ["PATH", ({ path }) => path],
  ["FOUND", ({ pathProof }) => pathProof],
  ["KEPT", ({ kept }) => kept],
  ...NODE_COLUMNS.slice(-1),
];

const PULL_COLUMNS: readonly Column<PullReport>[] = [
  ["NODE", ({ node }) => node],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["RAN", ({ ran }) => ran],
  ["MESSAGE", ({ message }) => short(message)],
];

const PULL_WIDE: readonly Column<PullReport>[] = [
  ...PULL_COLUMNS.slice(0, -1),
  ["TRIES", ({ attempts }) => String(attempts)],
  ["TIME", ({ durationMs }) => formatDuration(durationMs)],
  ["IMAGE", ({ image }) => image],
  ...PULL_COLUMNS.slice(-1),
];

const POD_COLUMNS: readonly Column<CleanupReport["items"][number]>[] = [
  ["NAMESPACE", ({ namespace }) => namespace],
  ["POD", ({ name }) => name],
  ["NODE", ({ node }) => node],
  ["RESULT", ({ result }) => result],
  ["MESSAGE", ({ message }) => short(message)],
];

const CHECK_COLUMNS: readonly Column<CheckRow>[] = [
  ["GROUP", ({ group }) => group],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["NAME", ({ names }) => nameList(names)],
  ["MESSAGE", ({ message }) => short(message)],
];

/** How a table looks. */
export interface TableStyle {
  readonly wide: boolean;
  readonly paint?: Paint;
}

/** The report's items as a table: one row each, or one for each cause where they are many. */
export function renderReportTable(report: Report, { wide, paint }: TableStyle): string {
  if (report.kind === "CleanupReport") return renderItems(report.items, POD_COLUMNS, paint);
  if (report.kind === "CheckReport") {
    return renderItems(
      wide ? unfolded(report.items) : foldChecks(report.items),
      CHECK_COLUMNS,
      paint,
    );
  }
  const grouped = !wide && report.items.length >= GROUP_FROM;
  if (report.kind === "VerifyReport") {
    if (grouped) return renderGroups(report.items, { paint, force: false });
    return renderItems(report.items, wide ? PULL_WIDE : PULL_COLUMNS, paint);
  }
  if (grouped) return renderGroups(report.items, { paint, force: true });
  return renderItems(report.items, wide ? NODE_WIDE : NODE_COLUMNS, paint);
}

/** Each line of a check for itself. */
function unfolded(items: readonly CheckItem[]): CheckRow[] {
  return items.map(({ name, ...row }) => ({ ...row, names: [name] }));
}

function renderItems<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  paint: Paint | undefined,
): string {
  const rows = items.map((item) => columns.map(([, cell]) => cell(item)));
  return renderTable(
    columns.map(([header]) => header),
    rows,
    paint,
  );
}

interface GroupStyle {
  readonly paint: Paint | undefined;
  /** Whether the report says since when the file is in force. */
  readonly force: boolean;
}

function renderGroups<Item extends NodeReport | PullReport>(
  items: readonly Item[],
  { paint, force }: GroupStyle,
): string {
  const rows = groupByCause(items).map((group) => {
    const [first] = group.items;
    const latest = force ? [latestInForce(group.items)] : [];
    const names = nameList(group.items.map(({ node }) => node));
    const count = String(group.items.length);
    return [count, first?.result, first?.code, ...latest, names, short(group.message)];
  });
  const columns = ["COUNT", "RESULT", "CODE", ...(force ? ["IN FORCE"] : []), "NODES", "MESSAGE"];
  return renderTable(columns, rows, paint);
}

/** `now`, `by HH:MM:SS` (at the latest), or nothing where pullcast's file is not there. */
function inForce({ result, restarted, effectiveBy }: NodeReport): string | undefined {
  if (restarted === true) return "now";
  if (effectiveBy !== undefined) return `by ${formatClock(effectiveBy)}`;
  return result === "unchanged" ? "now" : undefined;
}

/** The last of a group's times: RFC 3339 in UTC sorts as text. */
function latestInForce(items: readonly (NodeReport | PullReport)[]): string | undefined {
  const nodes = items.filter((item): item is NodeReport => "address" in item);
  const waiting = nodes.filter(({ restarted, effectiveBy }) => !restarted && effectiveBy);
  const sorted = waiting.sort((a, b) => ((a.effectiveBy ?? "") < (b.effectiveBy ?? "") ? -1 : 1));
  const last = sorted.at(-1) ?? nodes.at(-1);
  return last === undefined ? undefined : inForce(last);
}

function short(message: string | undefined): string | undefined {
  if (message === undefined || message.length <= MAX_MESSAGE) return message;
  return `${message.slice(0, MAX_MESSAGE - 1)}…`;
}
