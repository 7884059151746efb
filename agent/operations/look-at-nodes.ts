import type { NodeReport, RunReport } from "../model.ts";
import type { NodeLook } from "../node/read-look.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { lookAt } from "./merge/look-and-write.ts";
import type { NodeRunOptions } from "./options.ts";

/** One node, and what a look found there; without it where something kept it from that, as its report tells. */
export interface LookedNode {
  readonly report: NodeReport;
  readonly look?: NodeLook;
}

/** What a look at many nodes found. */
interface LookedAt {
  /** What a report of it begins with. */
  readonly run: Omit<RunReport<never, never>, "kind" | "items" | "dryRun">;
  readonly items: readonly LookedNode[];
}

/**
 * Looks once at the kubelet's file on every selected node.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function lookAtNodes(
  options: NodeRunOptions,
  operation: "status" | "history",
): Promise<LookedAt> {
  const looks = new Map<string, NodeLook>();
  const {
    kind: _kind,
    dryRun: _dryRun,
    items,
    ...run
  } = await deliver(options, {
    kind: "PushReport",
    operation,
    dryRun: "server",
    job: (id) => async (shell) => {
      const looked = await lookAt(shell, (login) => nodeRequest(options, { run: id, ...login }));
      if ("failed" in looked) return looked.failed;
      looks.set(shell.target.name, looked.look);
      return { ...looked.answer, what: "unchanged", dryRun: true };
    },
  });
  return {
    run,
    items: items.map((report): LookedNode => {
      // A node that was lost after a look is no node that was looked at.
      const look = report.result === "unchanged" ? looks.get(report.node) : undefined;
      return { report, ...(look === undefined ? {} : { look }) };
    }),
  };
}

/** What a report says of a failure. */
export function causeOf({
  code,
  message,
  fix,
}: NodeReport): Pick<NodeReport, "code" | "message" | "fix"> {
  return {
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(fix === undefined ? {} : { fix }),
  };
}
