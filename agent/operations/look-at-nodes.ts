import type { NodeReport, RunReport } from "../model.ts";
import type { NodeLook } from "../node/read-look.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { lookAt } from "./merge/push-job.ts";
import type { NodeRunOptions } from "./options.ts";

/** What a look at many nodes found. */
interface LookedAt {
  /** What a report of it begins with. */
  readonly run: Omit<RunReport<never, never>, "kind" | "items" | "dryRun">;
  /** `unchanged` where the node was looked at, else what kept it from that. */
  readonly items: readonly NodeReport[];
  /** By the node's name. */
  readonly looks: ReadonlyMap<string, NodeLook>;
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
  return { run, items, looks };
}
