import { type CheckItem, describeCode } from "../../agent/index.ts";
import { GROUP_FROM, groupBy } from "./groups.ts";

/** Lines of a check that say the same, with all their names. */
export interface CheckRow extends Omit<CheckItem, "name"> {
  readonly names: readonly string[];
}

/**
 * Equal findings of a group as one row, in the order of their first: 500 nodes that are well take one line.
 * From many nodes on, findings of one code share a row too, whatever each says of its own.
 */
export function foldChecks(items: readonly CheckItem[]): CheckRow[] {
  const rows = groupBy(items, ({ group, result, code, message, fix }) =>
    JSON.stringify([group, result, code, message, fix]),
  ).map(rowOf);
  const many = new Set(
    groupBy(rows, ({ group }) => group)
      .filter(({ length }) => length >= GROUP_FROM)
      .map(([row]) => row?.group),
  );
  return groupBy(rows, (row) =>
    JSON.stringify([
      row.group,
      row.result,
      row.code,
      ...(many.has(row.group) ? [] : [row.message, row.fix]),
    ]),
  ).flatMap((members) => {
    const [first, ...more] = members;
    if (first === undefined || more.length === 0) return members;
    const names = members.flatMap((row) => row.names);
    return [{ ...first, names, message: describeCode(first.code).title }];
  });
}

function rowOf(items: readonly CheckItem[]): CheckRow {
  const [first] = items;
  if (first === undefined) throw new Error("a group has members");
  const { name: _name, ...row } = first;
  return { ...row, names: items.map(({ name }) => name) };
}
