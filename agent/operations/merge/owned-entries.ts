import type { EntryReading, FileReading } from "../../kubelet/model.ts";
import type { NodeLook } from "../../node/read-look.ts";
import { markOf, type StoryEntry } from "../../node/story.ts";

/** Stands for others than pullcast among the managers of an entry: they had put the very same there. */
export const OTHERS = "";

/** An entry that counts, and whose it is. */
export interface OwnedEntry {
  readonly key: string;
  readonly reading: Extract<EntryReading, { readable: true }>;
  /** As the file has it now. */
  readonly mark: string;
  /** Set where it is ours: what is known of it. */
  readonly story?: StoryEntry;
}

/**
 * Tells which entries of a file are ours: those that a story of ours has with this very login. What somebody
 * changed since is theirs.
 *
 * @param manager - has all of a file that is known as ours as a whole and has no story
 */
export function ownEntries(
  reading: FileReading,
  { look, manager }: { readonly look: NodeLook; readonly manager: string },
): OwnedEntry[] {
  const known = new Map(storyEntries(look).map((entry) => [entry.key, entry]));
  const isOurs = look.file.digest === look.record?.digest && look.record?.share === "yes";
  return reading.entries.flatMap((entry): OwnedEntry[] => {
    if (!entry.readable || entry.replaced) return [];
    const { key } = entry;
    const mark = markOf(entry.auth);
    const told = known.get(key);
    if (told?.mark === mark) return [{ key, reading: entry, mark, story: told }];
    if (!isOurs) return [{ key, reading: entry, mark }];
    const story = { key, mark, managers: [manager], expiresAt: "unknown" };
    return [{ key, reading: entry, mark, story }];
  });
}

/** What the stories tell of the file that stands there; the last run's counts first. */
function storyEntries({ file, record, stories }: NodeLook): StoryEntry[] {
  if (record === undefined) return [];
  const { digest } = file;
  const runs = [
    ...(digest === record.before && digest !== record.digest ? [] : [record.run]),
    ...(digest === record.digest || record.beforeRun === undefined ? [] : [record.beforeRun]),
  ];
  // The later one of a map wins.
  return runs.reverse().flatMap((run) => stories.find((story) => story.run === run)?.entries ?? []);
}
