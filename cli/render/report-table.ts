import type {
  CheckItem,
  CleanupReport,
  NodeHistory,
  NodeReport,
  NodeStatus,
  PullReport,
  RecordedRun,
  TrustedNode,
} from "../../agent/index.ts";
import { type ChangeRow, changeRows } from "./change-rows.ts";
import { type CheckRow, foldChecks } from "./check.ts";
import type { Report } from "./document.ts";
import { cutMiddle, withoutRuntimePrefix } from "./fit.ts";
import { GROUP_FROM, groupBy, groupByCause, nameList } from "./groups.ts";
import { type Paint, renderTable } from "./table.ts";
import { formatClock, formatDuration } from "./time.ts";

/** A longer message loses its middle in a table; the wide one and the documents have it whole. */
const MAX_MESSAGE = 200;

/** Names of a check's row take no more characters, so that the message beside them has room. */
const MAX_NAMES = 40;

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
  ["MESSAGE", ({ message }) => message],
];

const CHANGE_COLUMNS: readonly Column<ChangeRow>[] = [
  ["NODES", ({ nodes }) => nameList(nodes, MAX_NAMES)],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["CHANGE", ({ change }) => change],
  ["KEY", ({ key }) => key],
  ["NOTE", ({ note }) => short(note)],
];

const STATUS_COLUMNS: readonly Column<NodeStatus>[] = [
  ["NODE", ({ node }) => node],
  ["STATE", ({ state }) => state],
  ["DRIFT", ({ drift }) => drift?.join(",")],
  ["CODE", ({ code }) => code],
  ["IN FORCE", stateInForce],
  ["ENDS", ({ expiresAt }) => expiresAt],
  ["RUN", ({ run }) => run],
  ["MESSAGE", ({ message }) => short(message)],
];

const STATUS_WIDE: readonly Column<NodeStatus>[] = [
  ...STATUS_COLUMNS.slice(0, -1),
  ["BY", ({ operator }) => operator],
  ["MANAGER", ({ manager }) => manager],
  ["KUBELET SINCE", ({ kubeletStartedAt }) => kubeletStartedAt],
  ["KEYS", ({ keys }) => keys?.join(",")],
  ["PATH", ({ path }) => path],
  ["MESSAGE", ({ message }) => message],
];

const STATUS_GROUPS: readonly Column<StatusGroup>[] = [
  ["COUNT", ({ nodes }) => String(nodes.length)],
  ["STATE", ({ state }) => state],
  ["DRIFT", ({ drift }) => drift?.join(",")],
  ["CODE", ({ code }) => code],
  ["RUN", ({ run }) => run],
  ["NODES", ({ nodes }) => nameList(nodes)],
  ["MESSAGE", ({ message }) => short(message)],
];

const HISTORY_COLUMNS: readonly Column<HistoryRow>[] = [
  ["NODES", ({ nodes }) => nameList(nodes, MAX_NAMES)],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["RUN", ({ run }) => run],
  ["FILE", ({ file }) => file],
  ["WHAT", ({ operation, to }) => (to === undefined ? operation : `${operation} to ${to}`)],
  ["ENDS", ({ expiresAt }) => expiresAt],
  ["KEYS", ({ keys }) => short(keys?.join(","))],
  ["MESSAGE", ({ message }) => short(message)],
];

const HISTORY_WIDE: readonly Column<HistoryRow>[] = [
  ...HISTORY_COLUMNS.slice(0, -2),
  ["BY", ({ operator }) => operator],
  ["SOURCE", ({ source }) => source],
  ["MANAGER", ({ manager }) => manager],
  ["KEYS", ({ keys }) => keys?.join(",")],
  ["MESSAGE", ({ message }) => message],
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
  ["MESSAGE", ({ message }) => message],
];

const POD_COLUMNS: readonly Column<CleanupReport["items"][number]>[] = [
  ["NAMESPACE", ({ namespace }) => namespace],
  ["POD", ({ name }) => name],
  ["NODE", ({ node }) => node],
  ["RESULT", ({ result }) => result],
  ["MESSAGE", ({ message }) => short(message)],
];

/** A node, or one of its keys. */
type TrustRow = Omit<TrustedNode, "keys"> & { readonly key?: TrustedNode["keys"][number] };

const TRUST_COLUMNS: readonly Column<TrustRow>[] = [
  ["NODE", ({ node }) => node],
  ["RESULT", ({ result }) => result],
  ["CODE", ({ code }) => code],
  ["TYPE", ({ key }) => key?.type],
  ["FINGERPRINT", ({ key }) => key?.fingerprint],
  ["MESSAGE", ({ message }) => short(message)],
];

const CHECK_COLUMNS: readonly Column<CheckRow>[] = [
  ["GROUP", ({ group }) => group],
  ["RESULT", ({ result }) => result],
  // "All is well" needs no code here; the documents have it.
  ["CODE", ({ result, code }) => (result === "ok" ? undefined : code)],
  ["NAME", ({ names }) => nameList(names, MAX_NAMES)],
  ["MESSAGE", ({ message }) => short(message)],
];

const CHECK_WIDE: readonly Column<CheckRow>[] = [
  ...CHECK_COLUMNS.slice(0, -2),
  ["NAME", ({ names }) => nameList(names)],
  ["MESSAGE", ({ message }) => message],
];

/** How a table looks. */
export interface TableStyle {
  readonly wide: boolean;
  readonly paint?: Paint;
  /** Characters of a terminal's line; absent: a table is as wide as it needs. */
  readonly width?: number;
}

/** The report's items as a table: one row each, or one for each cause where they are many. */
export function renderReportTable(report: Report, style: TableStyle): string {
  const { wide } = style;
  if (report.kind === "CleanupReport") return renderItems(report.items, POD_COLUMNS, style);
  if (report.kind === "TrustReport") {
    return renderItems(report.items.flatMap(keyRows), TRUST_COLUMNS, style);
  }
  if (report.kind === "CheckReport") {
    return wide
      ? renderItems(unfolded(report.items), CHECK_WIDE, style)
      : renderItems(foldChecks(report.items), CHECK_COLUMNS, style);
  }
  if (report.kind === "HistoryReport") {
    return renderItems(historyRows(report.items), wide ? HISTORY_WIDE : HISTORY_COLUMNS, style);
  }
  if (report.kind === "StatusReport") {
    return wide || report.items.length < GROUP_FROM
      ? renderItems(report.items, wide ? STATUS_WIDE : STATUS_COLUMNS, style)
      : renderItems(statusGroups(report.items), STATUS_GROUPS, style);
  }
  if (report.dryRun === "server")
    return renderItems(changeRows(report.items), CHANGE_COLUMNS, style);
  const grouped = !wide && report.items.length >= GROUP_FROM;
  if (report.kind === "VerifyReport") {
    if (grouped) return renderGroups(report.items, { ...style, force: false });
    return renderItems(report.items, wide ? PULL_WIDE : PULL_COLUMNS, style);
  }
  if (grouped) return renderGroups(report.items, { ...style, force: true });
  return renderItems(report.items, wide ? NODE_WIDE : NODE_COLUMNS, style);
}

/** A row for each key of a node; what became of the node stands in all. */
function keyRows({ keys, ...row }: TrustedNode): TrustRow[] {
  return keys.length === 0 ? [row] : keys.map((key) => ({ ...row, key }));
}

/** Each line of a check for itself. */
function unfolded(items: readonly CheckItem[]): CheckRow[] {
  return items.map(({ name, ...row }) => ({ ...row, names: [name] }));
}

function renderItems<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  style: TableStyle,
): string {
  const rows = items.map((item) => columns.map(([, cell]) => cell(item)));
  return renderTable(
    columns.map(([header]) => header),
    rows,
    style,
  );
}

interface GroupStyle extends TableStyle {
  /** Whether the report says since when the file is in force. */
  readonly force: boolean;
}

function renderGroups<Item extends NodeReport | PullReport>(
  items: readonly Item[],
  { force, ...style }: GroupStyle,
): string {
  const rows = groupByCause(items).map((group) => {
    const [first] = group.items;
    const latest = force ? [latestInForce(group.items)] : [];
    const names = nameList(group.items.map(({ node }) => node));
    const count = String(group.items.length);
    return [count, first?.result, first?.code, ...latest, names, short(group.message)];
  });
  const columns = ["COUNT", "RESULT", "CODE", ...(force ? ["IN FORCE"] : []), "NODES", "MESSAGE"];
  return renderTable(columns, rows, style);
}

/** `now`, `by HH:MM:SS` (at the latest), or nothing where pullcast's file or a kubelet is not there. */
function inForce(report: NodeReport): string | undefined {
  const { result, restarted, effectiveBy, pathProof, provider } = report;
  if (provider === "due") return "after a restart";
  if (restarted === true || (provider === "on" && effectiveBy !== undefined)) return "now";
  if (pathProof === "assumed") return undefined;
  if (effectiveBy !== undefined) return `by ${formatClock(effectiveBy)}`;
  return result === "unchanged" ? "now" : undefined;
}

/** As of a push, where pullcast's file is what the kubelet reads. */
function stateInForce({ state, pathProof, effectiveBy, provider }: NodeStatus): string | undefined {
  if (pathProof === "assumed" || !["current", "expiring", "drifted"].includes(state)) return;
  if (provider === "due") return "after a restart";
  return effectiveBy === undefined ? "now" : `by ${formatClock(effectiveBy)}`;
}

/** One run that some nodes remember in the same way; without one where they remember none. */
type HistoryRow = Partial<RecordedRun> &
  Pick<NodeHistory, "result" | "code" | "message"> & { readonly nodes: readonly string[] };

function historyRows(items: readonly NodeHistory[]): HistoryRow[] {
  const groups = groupBy(items, ({ result, code, runs }) => JSON.stringify([result, code, runs]));
  return groups.flatMap((members): HistoryRow[] => {
    const [first] = members;
    if (first === undefined) return [];
    const { result, code, message, runs } = first;
    const row = {
      nodes: members.map(({ node }) => node),
      result,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    };
    return runs.length === 0 ? [row] : runs.map((run) => ({ ...row, ...run }));
  });
}

/** Nodes in one state for one cause; the run where it is one. */
type StatusGroup = Omit<NodeStatus, "node"> & { readonly nodes: readonly string[] };

function statusGroups(items: readonly NodeStatus[]): StatusGroup[] {
  const groups = groupBy(items, ({ state, drift, code, run }) =>
    JSON.stringify([state, drift, code, state === "unreachable" ? "" : run]),
  );
  return groups.flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { message, ...rest } = first;
    const isShared = members.every((one) => one.message === message);
    const nodes = members.map(({ node }) => node);
    return [{ ...rest, nodes, ...(isShared && message !== undefined ? { message } : {}) }];
  });
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
  return message === undefined ? undefined : cutMiddle(withoutRuntimePrefix(message), MAX_MESSAGE);
}
