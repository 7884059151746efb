import { PullcastError } from "../agent/index.ts";
import type { CommandContext } from "./commands/command.ts";
import { isYes } from "./confirm-host-keys.ts";
import type { Host } from "./host.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { foldNames } from "./render/fold-names.ts";
import { wrap } from "./render/wrap.ts";

interface Places {
  readonly source: string;
  /** `nodes` or `namespaces`. */
  readonly what: string;
  readonly names: readonly string[];
}

/**
 * What asks whether credentials go to so many places.
 *
 * @throws {PullcastError} PC638 where there is no terminal to ask on
 */
export function askerAbout(
  { ask }: Pick<Host, "ask">,
  { source, what, count }: Pick<Places, "source" | "what"> & { readonly count: number },
): NonNullable<Host["ask"]> {
  if (ask !== undefined) return ask;
  throw new PullcastError("PC638", {
    detail: `credentials of ${source} would go to ${count} ${what}, and there is no terminal to ask on`,
  });
}

/**
 * Asks whether credentials of a source should go to all of these.
 *
 * @throws {PullcastError} PC638 where there is no terminal to ask on
 */
export async function confirmPlaces(
  { host, signal }: Pick<CommandContext, "host" | "signal">,
  raw: Places,
): Promise<boolean> {
  const { source, what, names } = cleanDeep(raw);
  const count = names.length;
  const ask = askerAbout(host, { source, what, count });
  const lines = wrap(`Credentials ${source}; ${what} ${foldNames(names).join(", ")}`, 100);
  for (const line of lines) host.stderr.write(`${line}\n`);
  return isYes(await ask(`Apply to these ${count} ${what}? [y/N] `, signal));
}
