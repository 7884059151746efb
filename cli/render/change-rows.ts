import type { EntryChange, NodeReport, PullReport } from "../../agent/index.ts";
import { groupBy } from "./groups.ts";

/** One entry of the files of nodes that agree in all that is told of them. */
export interface ChangeRow {
  readonly nodes: readonly string[];
  readonly result: string;
  readonly code: string | undefined;
  readonly change?: string;
  readonly key?: string;
  readonly note: string | undefined;
}

/** What would be changed, a row for each entry; nodes with the same file share their rows. */
export function changeRows(items: readonly (NodeReport | PullReport)[]): ChangeRow[] {
  const groups = groupBy(items, (item) =>
    JSON.stringify([item.result, item.code, changesOf(item), item.code && item.message]),
  );
  return groups.flatMap((members): ChangeRow[] => {
    const [first] = members;
    if (first === undefined) return [];
    const { result, code, message } = first;
    const row = { nodes: members.map(({ node }) => node), result, code };
    const changes = changesOf(first);
    if (changes.length === 0) return [{ ...row, note: message }];
    return changes.map((change) => ({
      ...row,
      change: change.change,
      key: change.key,
      note: noteOf(change),
    }));
  });
}

function changesOf(item: NodeReport | PullReport): readonly EntryChange[] {
  return "changes" in item ? (item.changes ?? []) : [];
}

function noteOf({ change, foreign, manager }: EntryChange): string | undefined {
  if (change === "foreign") return "of others, stays as it is";
  if (manager !== undefined) return `field manager ${manager}`;
  return foreign === true ? "of others" : undefined;
}
