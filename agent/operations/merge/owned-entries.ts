import type { FileReading } from "../../kubelet/model.ts";
import { isWhollyOurs, type NodeLook, standingOf } from "../../node/read-look.ts";
import { markOf, type StoryEntry } from "../../node/story.ts";
import type { Secret } from "../../secret.ts";

/** Stands for others than pullcast among the managers of an entry: they had put the very same there. */
export const OTHERS = "";

/** An entry that a kubelet uses. */
export interface CountingEntry {
  readonly key: string;
  /** Padded base64 of `user:password`. */
  readonly auth: Secret<string>;
  /** As the file has it now. */
  readonly mark: string;
}

/** An entry that counts, and whose it is. */
export interface OwnedEntry extends CountingEntry {
  /** Set where it is ours: what is known of it. */
  readonly story?: StoryEntry;
}

/** The entries of a file that count: one for each key, those that can be read. */
export function countingEntries(reading: FileReading): CountingEntry[] {
  return reading.entries.flatMap((entry) => {
    if (!entry.readable || entry.replaced) return [];
    const { key, auth } = entry;
    return [{ key, auth, mark: markOf(auth) }];
  });
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
  const isOurs = isWhollyOurs(look);
  return countingEntries(reading).map((entry): OwnedEntry => {
    const { key, mark } = entry;
    const told = known.get(key);
    if (told?.mark === mark) return { ...entry, story: told };
    if (!isOurs) return entry;
    return { ...entry, story: { key, mark, managers: [manager], expiresAt: "unknown" } };
  });
}

/** What the stories tell of the file that stands there; of one that was changed since, what they told before. */
function storyEntries(look: NodeLook): StoryEntry[] {
  const { record, stories } = look;
  const standing = standingOf(look);
  // The later one of a map wins: that of the last run.
  const runs = standing === undefined ? [record?.beforeRun, record?.run] : [standing.run];
  return runs.flatMap((run) => stories.find((story) => story.run === run)?.entries ?? []);
}
