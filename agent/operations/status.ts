import type { NodeReport, NodeStatus, StatusReport } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { staleNotice } from "./live/stale-keys.ts";
import { causeOf, lookAtNodes } from "./look-at-nodes.ts";
import type { StatusOptions } from "./options.ts";
import { type FileStatus, judgeNode, newestFiles } from "./status/judge-node.ts";

/**
 * Looks at the kubelet's file on every selected node and tells in which state it is; changes nothing.
 *
 * @returns an item for each node: a node that can't be reached is one
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function status(options: StatusOptions): Promise<StatusReport> {
  const { run, items } = await lookAtNodes(options, "status");
  const newest = newestFiles(items.flatMap(({ look }) => (look === undefined ? [] : [look])));
  const { expiresWithinMs } = options;
  const now = options.now ?? new Date();
  return {
    ...run,
    kind: "StatusReport",
    items: items.map(({ report, look, stale = [] }) =>
      look === undefined
        ? unseen(report)
        : seen(withStale(report, stale), judgeNode(look, { now, expiresWithinMs, newest })),
    ),
  };
}

function withStale(report: NodeReport, stale: readonly string[]): NodeReport {
  const warnings = [...(report.warnings ?? []), ...staleNotice(stale)];
  return warnings.length === 0 ? report : { ...report, warnings };
}

function seen(report: NodeReport, found: FileStatus): NodeStatus {
  const { keys, message, ...rest } = found;
  return {
    ...placeOf(report),
    ...rest,
    ...(keys === undefined ? {} : { keys: keys.map((key) => cleanText(key, 300)) }),
    ...(message === undefined ? {} : { message: cleanText(message, 500) }),
  };
}

/** A look that failed on the node, or never came there. */
function unseen(report: NodeReport): NodeStatus {
  const { result, code } = report;
  const state = result === "skipped" || result === "not-attempted" ? result : undefined;
  return {
    ...placeOf(report),
    state: state ?? (code?.startsWith("PC3") === true ? "unreadable" : "unreachable"),
    ...causeOf(report),
  };
}

function placeOf(report: NodeReport): Omit<NodeStatus, "state"> {
  const { node, address, uid, path, pathProof, warnings, durationMs } = report;
  return {
    node,
    address,
    ...(uid === undefined ? {} : { uid }),
    ...(path === undefined ? {} : { path }),
    ...(pathProof === undefined ? {} : { pathProof }),
    ...(warnings === undefined ? {} : { warnings }),
    durationMs,
  };
}
