import type { NodeReport, Notice, PullReport } from "../../agent/index.ts";
import { foldNames } from "./fold-names.ts";

/** From so many nodes on, equal ends share a row. */
export const GROUP_FROM = 50;

/** Folded names shown in one place. */
const MAX_FOLDED = 12;

/** Items that came to one end for one cause. */
export interface Group<Item> {
  readonly items: readonly Item[];
  /** One for all: names and addresses of single nodes are taken out where they differ. */
  readonly message: string;
}

/** Groups items by result, code and message, in the order of their first item. */
export function groupByCause<Item extends NodeReport | PullReport>(
  items: readonly Item[],
  also: (item: Item) => string = () => "",
): Group<Item>[] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = JSON.stringify([item.result, item.code, neutralMessage(item), also(item)]);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()].map((members) => ({ items: members, message: oneMessage(members) }));
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

/** Names for one line: folded, and counted where they would fill the screen. */
export function nameList(names: readonly string[]): string {
  const folded = foldNames(names);
  if (folded.length <= MAX_FOLDED) return folded.join(", ");
  return `${folded.slice(0, MAX_FOLDED).join(", ")} and ${folded.length - MAX_FOLDED} more`;
}

function oneMessage(items: readonly (NodeReport | PullReport)[]): string {
  const [first] = items;
  if (first === undefined) return "";
  const same = items.every(({ message }) => message === first.message);
  return same ? (first.message ?? "") : neutralMessage(first);
}

/** A message without what is the node's own, so that 40 timeouts are one cause. */
function neutralMessage(item: NodeReport | PullReport): string {
  const own = "address" in item ? [item.address, item.node] : [item.node];
  return own
    .filter((text) => text !== "")
    .reduce((message, text, at) => {
      const name = at === own.length - 1 ? "NODE" : "ADDRESS";
      return message.replaceAll(text, name);
    }, item.message ?? "");
}
