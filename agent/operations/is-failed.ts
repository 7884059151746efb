import type { NodeReport } from "../model.ts";

/** Whether a node did not get what a run was for, and that is certain. */
export function isFailed({ result, code }: Pick<NodeReport, "result" | "code">): boolean {
  // A restore restores without a code; a push that was taken back tells why.
  return result === "failed" || (result === "restored" && code !== undefined);
}
