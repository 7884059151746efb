import picomatch from "picomatch";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { suggest } from "../util/suggest.ts";

interface NodeChoice {
  /** Names or globs; empty means all. */
  readonly names: readonly string[];
  /** Globs of names to leave out. */
  readonly exclude: readonly string[];
  /** What to do about an unknown name, where the names are not the cluster's. */
  readonly fix?: string;
}

/**
 * The nodes, or hosts, that the names and globs mean, in the list's order.
 *
 * @throws PullcastError PC111 naming each name or glob that means none, PC110 where all are left out
 */
export function chooseNodes<Item extends { readonly name: string }>(
  nodes: readonly Item[],
  choice: NodeChoice,
): Item[] {
  const fix = choice.fix === undefined ? {} : { fix: choice.fix };
  const wanted = choice.names.map((text) => ({ text, matches: nameMatcher(text) }));
  const unknown = wanted.filter(({ matches }) => !nodes.some(({ name }) => matches(name)));
  if (unknown.length > 0) {
    const list = unknown.map(({ text }) => cleanText(text, 100)).join(", ");
    throw new PullcastError("PC111", { detail: list, ...(meantFix(unknown, nodes) ?? fix) });
  }
  const excluded = choice.exclude.map(nameMatcher);
  const chosen = nodes.filter(
    ({ name }) =>
      (wanted.length === 0 || wanted.some(({ matches }) => matches(name))) &&
      !excluded.some((matches) => matches(name)),
  );
  if (chosen.length > 0) return chosen;
  const all = nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  throw new PullcastError("PC110", { detail: `--exclude leaves out all of ${all} listed`, ...fix });
}

/** Whether a name is meant; a name or glob that means none yet is no error. */
export function nameChooser({
  names,
  exclude,
}: Pick<NodeChoice, "names" | "exclude">): (name: string) => boolean {
  const wanted = names.map(nameMatcher);
  const excluded = exclude.map(nameMatcher);
  return (name) =>
    (wanted.length === 0 || wanted.some((matches) => matches(name))) &&
    !excluded.some((matches) => matches(name));
}

/** Without those whose names one of the globs matches. */
export function chooseNames<Item extends { readonly name: string }>(
  items: readonly Item[],
  exclude: readonly string[],
): Item[] {
  const excluded = exclude.map(nameMatcher);
  return items.filter(({ name }) => !excluded.some((matches) => matches(name)));
}

/** Names that are near to those that mean none. */
function meantFix(
  unknown: readonly { readonly text: string }[],
  nodes: readonly { readonly name: string }[],
): { readonly fix: string } | undefined {
  const names = nodes.map(({ name }) => name);
  const meant = new Set(unknown.flatMap(({ text }) => suggest(text, names) ?? []));
  if (meant.size === 0) return undefined;
  return { fix: `did you mean ${[...meant].map((name) => cleanText(name, 100)).join(", ")}?` };
}

/** A name means itself, a glob all that it matches; dots are nothing special in node names. */
function nameMatcher(text: string): (name: string) => boolean {
  const glob = picomatch(text, { dot: true, nonegate: true });
  return (name) => name === text || glob(name);
}
