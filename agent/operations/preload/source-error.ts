import { PullcastError } from "../../errors.ts";
import { SourceFailure } from "../../images/source.ts";

/** What can't be read here ends the node's job, and is no failure of the node. */
export async function asFailure<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SourceFailure) throw sourceError(error);
    throw error;
  }
}

const SOURCE_CODES = {
  denied: "PC710",
  "not-found": "PC711",
  unreachable: "PC712",
  unreadable: "PC717",
  "no-client": "PC718",
} as const;

/** Why an image can't be read, as an error that ends a run. */
export function sourceError({ type, message, cause }: SourceFailure): PullcastError {
  return new PullcastError(SOURCE_CODES[type], { detail: message, cause });
}
