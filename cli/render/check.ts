import type { CheckItem } from "../../agent/index.ts";

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
