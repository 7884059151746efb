import picomatch from "picomatch";
import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import { registryOf, shownKey, withoutScheme } from "./keys.ts";
import type { CredentialSource, LeftOut, SourceEntry } from "./model.ts";
import { nameList } from "./name-list.ts";

interface Filtered {
  readonly entries: readonly SourceEntry[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly Notice[];
}

/**
 * Keeps what `only` and `except` allow, before any helper is asked: what isn't wanted isn't even fetched.
 * A glob means keys as written, without their scheme, or the registry alone: `reg.io` means `https://reg.io/v1/`
 * and `reg.io/team` as well.
 *
 * @throws {PullcastError} PC632 where a glob of `only` means nothing, or nothing is left
 */
export function filterEntries(
  entries: readonly SourceEntry[],
  { only = [], except = [] }: Pick<CredentialSource, "only" | "except">,
): Filtered {
  if (only.length + except.length === 0) return { entries, leftOut: [], warnings: [] };
  const wanted = only.map(globOf);
  const unwanted = except.map(globOf);
  const idle = (globs: readonly Glob[]) =>
    globs.filter(({ matches }) => !entries.some(({ key }) => matches(key))).map(({ text }) => text);
  const idleOnly = idle(wanted);
  if (idleOnly.length > 0) {
    throw new PullcastError("PC632", { detail: `--only ${nameList(idleOnly)}` });
  }
  const kept = entries.filter(
    ({ key }) =>
      (wanted.length === 0 || wanted.some(({ matches }) => matches(key))) &&
      !unwanted.some(({ matches }) => matches(key)),
  );
  if (kept.length === 0) throw new PullcastError("PC632", { detail: "nothing is left to send" });
  const left = entries.filter((entry) => !kept.includes(entry));
  const names = left.map(({ key }) => shownKey(key));
  const message = `left out as asked: ${nameList(names)}`;
  const idleExcept = idle(unwanted);
  return {
    entries: kept,
    leftOut: left.map(({ key, source }) => ({
      key: shownKey(key),
      source,
      code: "PC633",
      why: "by --only or --except",
    })),
    warnings: [
      ...(left.length === 0 ? [] : [{ code: "PC633", message } as const]),
      ...(idleExcept.length === 0
        ? []
        : [{ code: "PC632", message: `--except ${nameList(idleExcept)} means no entry` } as const]),
    ],
  };
}

interface Glob {
  readonly text: string;
  readonly matches: (key: string) => boolean;
}

function globOf(text: string): Glob {
  const glob = picomatch(text, { dot: true, nonegate: true, nocase: true });
  return {
    text,
    // A key may hold globs itself: as written it always means itself.
    matches: (key) => formsOf(key).some((form) => form === text || glob(form)),
  };
}

function formsOf(key: string): string[] {
  const address = withoutScheme(key).replace(/\/$/, "");
  const [host = ""] = address.split("/");
  return [key, address, host, registryOf(key)];
}
