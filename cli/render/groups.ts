import {
  describeCode,
  type NodeReport,
  type Notice,
  type PullReport,
  type TrustedNode,
} from "../../agent/index.ts";
import { foldNames } from "./fold-names.ts";

/** From so many nodes on, equal ends share a row. */
export const GROUP_FROM = 50;

/** Folded names shown in one place. */
const MAX_FOLDED = 12;

/** Items that came to one end for one cause. */
export interface Group<Item> {
  readonly items: readonly Item[];
  /** One for all: what is a single node's own is taken out; the code's title where they say different things. */
  readonly message: string;
}

/** Groups items by result and code, those without a code by message, in the order of their first item. */
export function groupByCause<Item extends NodeReport | PullReport>(
  items: readonly Item[],
): Group<Item>[] {
  const groups = groupBy(items, (item) =>
    JSON.stringify([item.result, item.code ?? neutralText(item, item.message)]),
  );
  return groups.map((members) => ({ items: members, message: oneMessage(members) }));
}

/** Items in groups of one key, in the order of their first item. */
export function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): (readonly Item[])[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** Notices of nodes, each once, with the names of its nodes. */
export function groupWarnings(
  items: readonly (NodeReport | PullReport)[],
): { readonly notice: Notice; readonly nodes: readonly string[] }[] {
  const groups = new Map<string, { notice: Notice; nodes: string[] }>();
  for (const { node, warnings } of items) {
    for (const notice of warnings ?? []) {
      const key = `${notice.code} ${notice.message}`;
      const group = groups.get(key) ?? { notice, nodes: [] };
      group.nodes.push(node);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Names for one line: folded, and counted where they would fill the screen or take more than `maxCharacters`. */
export function nameList(
  names: readonly string[],
  maxCharacters = Number.POSITIVE_INFINITY,
): string {
  const folded = foldNames(names);
  let shown = Math.min(folded.length, MAX_FOLDED);
  while (shown > 1 && folded.slice(0, shown).join(", ").length > maxCharacters) shown -= 1;
  const list = folded.slice(0, shown).join(", ");
  return shown === folded.length ? list : `${list} and ${folded.length - shown} more`;
}

function oneMessage(items: readonly (NodeReport | PullReport)[]): string {
  const [first] = items;
  if (first === undefined) return "";
  const says = new Set(items.map((item) => neutralText(item, item.message)));
  if (says.size > 1 && first.code !== undefined) return describeCode(first.code).title;
  const same = items.every(({ message }) => message === first.message);
  return same ? (first.message ?? "") : neutralText(first, first.message);
}

/** Puts a word in place of a name that stands by itself: a node called `a` is no part of other words. */
export function renamed(text: string, name: string, word: string): string {
  if (name === "" || !text.includes(name)) return text;
  const literal = name.replaceAll(
    /[^A-Za-z0-9]/gu,
    (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`,
  );
  return text.replaceAll(new RegExp(`(?<![A-Za-z0-9_-])${literal}(?![A-Za-z0-9_-])`, "gu"), word);
}

/** A text without what is the node's own, so that 40 timeouts, or 40 new host keys, are one cause. */
export function neutralText(item: NodeReport | PullReport | TrustedNode, text = ""): string {
  if (text === "") return "";
  const { node } = item;
  const address = "address" in item ? item.address : "";
  const host = address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  const own = [
    ...[address, host].map((value) => [value, "ADDRESS"] as const),
    [node, "NODE"] as const,
  ];
  const neutral = own.reduce((rest, [name, word]) => renamed(rest, name, word), text);
  return neutral
    .replaceAll(/SHA256:[A-Za-z0-9+/]{43}/g, "SHA256:…")
    .replaceAll(/\bAAAA[A-Za-z0-9+/]{40,}={0,2}/g, "KEY");
}
