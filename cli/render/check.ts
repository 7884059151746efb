import type { CheckItem } from "../../agent/index.ts";
import { nameList } from "./groups.ts";

/** Lines of a check that say the same, with all their names. */
export interface CheckRow extends Omit<CheckItem, "name"> {
  readonly names: readonly string[];
}

/** Equal findings of a group as one row, in the order of their first: 500 nodes that are well take one line. */
export function foldChecks(items: readonly CheckItem[]): CheckRow[] {
  const rows = new Map<string, { row: Omit<CheckItem, "name">; names: string[] }>();
  for (const { name, ...row } of items) {
    const key = JSON.stringify([row.group, row.result, row.code, row.message, row.fix]);
    const found = rows.get(key);
    if (found === undefined) rows.set(key, { row, names: [name] });
    else found.names.push(name);
  }
  return [...rows.values()].map(({ row, names }) => ({ ...row, names }));
}

/** What is to be mended: each cause once, with its step. */
export function checkCauses(items: readonly CheckItem[]): string[] {
  return foldChecks(items)
    .filter(({ result }) => result === "failed" || result === "warning")
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ result, code, names, message, fix }) => [
      `${result === "failed" ? "" : "! "}${code} ${nameList(names)}: ${message}`,
      ...(fix === undefined ? [] : [`  fix: ${fix}`]),
    ]);
}

/** Failures come last: they are what stays on the screen. */
function rank({ result }: CheckRow): number {
  return result === "failed" ? 1 : 0;
}
