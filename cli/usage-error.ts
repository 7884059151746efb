import { PullcastError } from "../agent/index.ts";

/** A mistake on the command line: PC001, exit code 2. `detail` names the option or argument. */
export function usageError(detail: string, fix?: string): PullcastError {
  return new PullcastError("PC001", fix === undefined ? { detail } : { detail, fix });
}
