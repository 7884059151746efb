import { PullcastError } from "../../errors.ts";
import type { Notice } from "../../model.ts";

/** What a failure that a watch outlives is told by; anything but a coded one is a bug, and thrown on. */
export function causeOf(error: unknown): Notice {
  if (!(error instanceof PullcastError)) throw error;
  return { code: error.code, message: error.message };
}
