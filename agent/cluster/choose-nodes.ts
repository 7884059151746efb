import picomatch from "picomatch";
import { PullcastError } from "../errors.ts";
import type { ClusterNode } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";

interface NodeChoice {
  /** Names or globs; empty means all. */
  readonly names: readonly string[];
  /** Globs of names to leave out. */
  readonly exclude: readonly string[];
}

/**
 * The nodes that the names and globs mean, in the list's order.
 *
 * @throws PullcastError PC111 naming each name or glob that means no node
 */
export function chooseNodes(nodes: readonly ClusterNode[], choice: NodeChoice): ClusterNode[] {
  const wanted = choice.names.map((text) => ({ text, matches: nameMatcher(text) }));
  const unknown = wanted.filter(({ matches }) => !nodes.some(({ name }) => matches(name)));
  if (unknown.length > 0) {
    const list = unknown.map(({ text }) => cleanText(text, 100)).join(", ");
    throw new PullcastError("PC111", { detail: list });
  }
  const excluded = choice.exclude.map(nameMatcher);
  return nodes.filter(
    ({ name }) =>
      (wanted.length === 0 || wanted.some(({ matches }) => matches(name))) &&
      !excluded.some((matches) => matches(name)),
  );
}

/** A name means itself, a glob all that it matches; dots are nothing special in node names. */
function nameMatcher(text: string): (name: string) => boolean {
  const glob = picomatch(text, { dot: true, nonegate: true });
  return (name) => name === text || glob(name);
}
