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
]);
