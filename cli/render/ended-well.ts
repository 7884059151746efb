/** Results that mean: this node is as it should be. */
export const ENDED_WELL: ReadonlySet<string> = new Set([
  "updated",
  "unchanged",
  "restored",
  "removed",
  "would-update",
  "current",
  "read",
  "pulled",
  "revoked",
  "trusted",
  "replaced",
  "loaded",
  "present",
  "would-load",
]);

/** How one of a report's items ended. */
interface Ended {
  readonly result: string;
  readonly code?: unknown;
}

/** A push that a node was not well with: a restore restores without a code. */
export function isTakenBack({ result, code }: Ended): boolean {
  return result === "restored" && code !== undefined;
}

/** Whether a node is as it should be. */
export function endedWell(item: Ended): boolean {
  return ENDED_WELL.has(item.result) && !isTakenBack(item);
}
