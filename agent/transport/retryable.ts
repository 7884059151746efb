import { PullcastError } from "../errors.ts";
import { systemCode } from "./ssh-error.ts";

/**
 * Whether another try of the same work may end better: the network failed, sshd throttled, or the
 * link was lost. Never for what a second try would only repeat, such as a refused login or host key.
 * With phase `exec` the program may have run: the node's state must be read again, not assumed.
 */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof PullcastError)) return false;
  switch (error.code) {
    case "PC201":
      return systemCode(error.cause) !== "ENOTFOUND";
    case "PC202":
    case "PC203":
    case "PC204":
    case "PC205":
    case "PC206":
    case "PC226":
    case "PC244":
      return true;
    case "PC207":
      // ssh2 marks what both sides disagree about; a cut link has no such mark.
      return !isProtocolError(error.cause);
    case "PC227":
      return error.phase === "auth" || error.phase === "channel";
    default:
      return false;
  }
}

function isProtocolError(cause: unknown): boolean {
  return cause instanceof Error && "level" in cause && cause.level === "handshake";
}
