import type { RollbackReport } from "../model.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { rollbackJob } from "./merge/rollback-job.ts";
import type { RollbackOptions } from "./options.ts";

/**
 * Brings back on every selected node what an earlier run left there: what stood before the last run, or what `to`
 * left. Entries of others stay as they are now; credentials past their recorded end are refused.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export function rollback(options: RollbackOptions): Promise<RollbackReport> {
  const { to, operator = "unknown" } = options;
  const now = options.now ?? new Date();
  return deliver(options, {
    kind: "RollbackReport",
    operation: "rollback",
    word: { operation: "rollback", operator },
    job: (run) =>
      rollbackJob({
        now,
        replace: options.replace,
        ...(to === undefined ? {} : { to }),
        story: {
          run,
          at: now.toISOString(),
          operation: "rollback",
          operator,
          source: "rollback",
          manager: "rollback",
        },
        request: (login) => nodeRequest(options, { run, ...login }),
      }),
  });
}
