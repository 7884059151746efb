import type { RestoreReport } from "../model.ts";
import { composeRestore } from "../node/compose.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { oneProgram } from "./node-try.ts";
import type { RestoreOptions } from "./options.ts";

/**
 * Puts back on every selected node what was there before pullcast's file: the kept file, or nothing.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export function restore(options: RestoreOptions): Promise<RestoreReport> {
  return deliver(options, {
    kind: "RestoreReport",
    operation: "restore",
    word: { operation: "restore", operator: options.operator ?? "unknown" },
    job: (run) => oneProgram((login) => composeRestore(nodeRequest(options, { run, ...login }))),
  });
}
