import { cleanText, PullcastError } from "../../agent/index.ts";

const MAX_ERROR = 2000;

/** An error as lines for people: code, what and where, and what mends it. */
export function renderError(error: unknown, verbose: boolean): string[] {
  const known = asPullcastError(error);
  const lines = [`error ${known.code}: ${known.message}`, `  fix: ${known.fix}`];
  const stack = verbose && known !== error && error instanceof Error ? (error.stack ?? "") : "";
  return [...lines, ...stack.split("\n").filter((line) => line !== "")].map((line) =>
    cleanText(line, MAX_ERROR).replace(/^fix:/, "  fix:"),
  );
}

/** The error itself, or PC002 around one that pullcast doesn't know. */
export function asPullcastError(error: unknown): PullcastError {
  if (error instanceof PullcastError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new PullcastError("PC002", { detail, cause: error });
}
