import type { AgentItem, AgentReport } from "../../agent/index.ts";
import { countsText } from "./document.ts";
import type { TableStyle } from "./report-table.ts";
import { renderTable } from "./table.ts";
import { formatDuration } from "./time.ts";

/** A row for each node. */
export function renderAgent({ items }: AgentReport, style: TableStyle): string {
  const columns = ["NODE", "STATE", "REVISION", "RESTARTS", "CODE", "MESSAGE"];
  const rows = items.map(({ node, state, revision, restarts, code, message }) => [
    node,
    state,
    revision,
    restarts === undefined ? undefined : String(restarts),
    code,
    message,
  ]);
  return renderTable(columns, rows, style);
}

/** What it came to, and what goes on from there. */
export function renderAgentSummary(report: AgentReport): string[] {
  const { operation, namespace, name, items, durationMs, isNew, revision } = report;
  const counts = items.length === 0 ? "no node" : countsText(items);
  const lines = [`${counts}, in ${formatDuration(durationMs)}`];
  const bad = items.filter(isBad);
  if (operation === "install") {
    lines.push(`Revision ${revision}${isNew === true ? "" : ", as before"}`);
    const place = `daemonset/${name} -n ${namespace}`;
    if (bad.length === 0) lines.push(`Back to the one before: kubectl rollout undo ${place}`);
    else lines.push("Goes on where it stopped: pullcast agent install, with the same options");
  }
  if (operation === "uninstall") {
    lines.push(
      bad.length === 0
        ? `The namespace stays: kubectl delete namespace ${namespace}`
        : "The DaemonSet stays, since not all nodes got there: pullcast agent uninstall tries again",
    );
  }
  return lines;
}

/** Nodes that are as they should be. */
export function readyNodes({ items }: AgentReport): string {
  return items.flatMap((item) => (isBad(item) ? [] : [`node/${item.node}\n`])).join("");
}

function isBad({ state }: AgentItem): boolean {
  return state !== "ready";
}
