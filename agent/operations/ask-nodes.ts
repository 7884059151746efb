import type { PlannedEvent } from "../events.ts";
import type { NodeReport, RunReport } from "../model.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import type { RequestOf } from "./merge/look-and-write.ts";
import type { NodeAnswer, NodeShell } from "./node-try.ts";
import type { NodeRunOptions } from "./options.ts";

/** One node, and what it was found to have; without it where something kept it from that, as its report tells. */
export interface AskedNode<Found> {
  readonly report: NodeReport;
  readonly found?: Found;
}

/** What was asked of many nodes. */
interface Asked<Found> {
  /** What a report of it begins with. */
  readonly run: Omit<RunReport<never, never>, "kind" | "items" | "dryRun">;
  readonly items: readonly AskedNode<Found>[];
}

/**
 * Asks every selected node once, and leaves the kubelet's file as it is.
 *
 * @param ask - on one node; its answer, and what that means where it did not fail
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function askNodes<Found>(
  options: NodeRunOptions,
  operation: PlannedEvent["operation"],
  ask: (
    shell: NodeShell,
    request: RequestOf,
  ) => Promise<{ readonly answer: NodeAnswer; readonly found?: Found }>,
): Promise<Asked<Found>> {
  const answers = new Map<string, Found>();
  const {
    kind: _kind,
    dryRun: _dryRun,
    items,
    ...run
  } = await deliver(options, {
    ...{ kind: "PushReport", operation, dryRun: "server" },
    job: (id) => async (shell) => {
      const request: RequestOf = (login) => nodeRequest(options, { run: id, ...login });
      const { answer, found } = await ask(shell, request);
      if (answer.status === "failed" || found === undefined) return answer;
      answers.set(shell.target.name, found);
      return { ...answer, what: "unchanged", dryRun: true };
    },
  });
  return {
    run,
    items: items.map((report) => {
      // A node that was lost after its answer is no node that answered.
      const found = report.result === "unchanged" ? answers.get(report.node) : undefined;
      return { report, ...(found === undefined ? {} : { found }) };
    }),
  };
}
