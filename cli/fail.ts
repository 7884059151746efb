import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { asPullcastError, renderError } from "./render/error.ts";

/** Prints an error; returns its exit code. */
export function fail(host: Host, error: unknown, verbose = false): ExitCode {
  for (const line of renderError(error, verbose)) host.stderr.write(`${line}\n`);
  return exitCodeOf({ interrupted: false, error: asPullcastError(error).code });
}
