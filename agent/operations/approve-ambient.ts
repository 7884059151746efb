import type { LoadedConfig } from "../credentials/model.ts";
import { PullcastError } from "../errors.ts";

/** Credentials that nobody named go to no more places than this without a question. */
const ASK_ABOVE = 10;

/**
 * Asks before credentials of an ambient source go to many places.
 *
 * @param places - how many nodes or namespaces
 * @param confirm - absent: nobody is asked
 * @throws {PullcastError} PC638 where the answer is no
 */
export async function approveAmbient(
  { ambient }: Pick<LoadedConfig, "ambient">,
  places: number,
  confirm: (() => Promise<boolean>) | undefined,
): Promise<void> {
  if (!ambient || places <= ASK_ABOVE || confirm === undefined || (await confirm())) return;
  throw new PullcastError("PC638");
}
