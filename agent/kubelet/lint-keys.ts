import type { Problem } from "../model.ts";
import { problem } from "../problem.ts";
import type { Secret } from "../secret.ts";
import { withoutLogin } from "../util/without-login.ts";
import { parseAddress } from "./address.ts";
import type { LintContext, ServingKey } from "./lint-key.ts";
import { DEFAULT_REGISTRY, mismatch } from "./look-up.ts";
import { rulesOf } from "./rules.ts";
import { fromByteText } from "./utf8.ts";

/** A key that serves images, and its login. */
export interface ServingEntry extends ServingKey {
  readonly key: string;
  readonly username: string;
  readonly auth: Secret<string>;
}

/** Others named in one problem. */
const MAX_OTHERS = 5;

/** What keys do to each other. Entries with one login disturb nobody. */
export function lintKeys(
  entries: readonly ServingEntry[],
  { version }: Pick<LintContext, "version">,
): Problem[] {
  const index = new Index(entries);
  return [
    ...[...index.same.values()].flatMap(lintSame),
    ...entries.flatMap((entry) => lintOverlap(entry, index.serving(entry, version))),
    ...hiddenHub(entries, version),
  ];
}

/** Entries by what they match, so that ten thousand of them don't meet each other. */
class Index {
  /** By the bytes of the key as the kubelet sorts it. */
  readonly same = new Map<string, ServingEntry[]>();
  readonly #exact = new Map<string, Map<string, ServingEntry[]>>();
  /** Patterns by the end of their host, which is seldom one itself. */
  readonly #wild = new Map<string, ServingEntry[]>();

  constructor(entries: readonly ServingEntry[]) {
    for (const entry of entries) {
      const { bytes, address } = entry.match;
      append(this.same, bytes, entry);
      if (isPattern(address.host)) append(this.#wild, endOf(address.host), entry);
      else {
        const paths = this.#exact.get(address.host) ?? new Map<string, ServingEntry[]>();
        this.#exact.set(address.host, paths);
        append(paths, address.path, entry);
      }
    }
  }

  /** All entries that serve an entry's own image, in the kubelet's order. */
  serving({ image }: ServingEntry, version: string | undefined): ServingEntry[] {
    const target = parseAddress(image, rulesOf(version));
    if ("why" in target) return [];
    const paths = this.#exact.get(target.host) ?? new Map<string, ServingEntry[]>();
    const prefixes = Array.from({ length: target.path.length + 1 }, (_, end) =>
      target.path.slice(0, end),
    );
    const patterns = [endOf(target.host), ANY_END].flatMap((end) => this.#wild.get(end) ?? []);
    return [
      ...prefixes.flatMap((prefix) => paths.get(prefix) ?? []),
      ...patterns.filter(({ match }) => mismatch(match.address, target) === undefined),
    ].sort((a, b) => (a.match.bytes < b.match.bytes ? 1 : -1));
  }
}

const ANY_END = "*";

/** The last two parts of a host; one name for all that hold a pattern. */
function endOf(host: string): string {
  const end = host.split(".").slice(-2).join(".");
  return isPattern(end) ? ANY_END : end;
}

function isPattern(host: string): boolean {
  return /[*?[\\]/.test(host);
}

function append<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}

function lintSame(entries: readonly ServingEntry[]): Problem[] {
  const [first, ...others] = entries;
  if (first === undefined || others.every(({ auth }) => auth.equals(first.auth))) return [];
  const detail = `${names(entries)} are ${fromByteText(first.match.bytes)} to it`;
  return [problem("PC660", "warning", { key: withoutLogin(first.key), detail })];
}

function lintOverlap(entry: ServingEntry, serving: readonly ServingEntry[]): Problem[] {
  const others = serving.filter(
    ({ match, auth }) => match.bytes !== entry.match.bytes && !auth.equals(entry.auth),
  );
  if (others.length === 0) return [];
  const order = [...others, entry].sort((a, b) => (a.match.bytes < b.match.bytes ? 1 : -1));
  const detail = `${entry.image} is tried with ${names(order)}, in this order`;
  return [problem("PC663", "warning", { key: withoutLogin(entry.key), detail })];
}

/** The entry of `index.docker.io` is taken only where no key matches: one for all of `docker.io` hides it. */
function hiddenHub(entries: readonly ServingEntry[], version: string | undefined): Problem[] {
  const target = parseAddress("docker.io/a", rulesOf(version));
  if ("why" in target) return [];
  const cover = entries.find(
    ({ match }) => match.address.path === "" && mismatch(match.address, target) === undefined,
  );
  if (cover === undefined) return [];
  return entries
    .filter(({ match, auth }) => match.bytes === DEFAULT_REGISTRY && !auth.equals(cover.auth))
    .map(({ key }) => {
      const shown = withoutLogin(key);
      return problem("PC661", "warning", {
        key: shown,
        detail: `${withoutLogin(cover.key)} serves every image that ${shown} would`,
      });
    });
}

function names(entries: readonly ServingEntry[]): string {
  const shown = entries
    .slice(0, MAX_OTHERS)
    .map(({ key, username }) => `${withoutLogin(key)} (${username})`)
    .join(", then ");
  return entries.length > MAX_OTHERS ? `${shown} and ${entries.length - MAX_OTHERS} more` : shown;
}
