import { readEntries } from "../../kubelet/read-entries.ts";
import type { EntryChange } from "../../model.ts";
import type { NodeLook } from "../../node/read-look.ts";
import { markOf } from "../../node/story.ts";
import { ownEntries } from "./owned-entries.ts";
import type { WantedEntry } from "./plan-merge.ts";

/** What a push that replaces the whole file does to each entry of the one that stands there. */
export function planReplace({
  look,
  wanted,
  manager,
}: {
  readonly look: NodeLook;
  readonly wanted: readonly WantedEntry[];
  readonly manager: string;
}): EntryChange[] {
  const { content } = look.file;
  const reading =
    content === undefined ? { entries: [], faults: [] } : readEntries(content.reveal());
  const missing = new Map(wanted.map((entry) => [entry.key, entry]));
  const present = ownEntries(reading, { look, manager }).map(
    ({ key, mark, story }): EntryChange => {
      const want = missing.get(key);
      missing.delete(key);
      const foreign = story === undefined ? ({ foreign: true } as const) : {};
      if (want === undefined) return { key, change: "removed", ...foreign };
      return markOf(want.auth) === mark
        ? { key, change: "unchanged" }
        : { key, change: "changed", ...foreign };
    },
  );
  const added = [...missing.keys()].map((key): EntryChange => ({ key, change: "added" }));
  return [...present, ...added];
}
