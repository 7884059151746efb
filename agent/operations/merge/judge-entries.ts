import type { EntryChange } from "../../model.ts";
import { markOf, type StoryEntry, storyEntry } from "../../node/story.ts";
import type { Secret } from "../../secret.ts";
import { OTHERS, type OwnedEntry } from "./owned-entries.ts";
import type { MergeOptions, WantedEntry } from "./plan-merge.ts";

type JudgeOptions = Pick<MergeOptions, "wanted" | "manager" | "everyManager" | "replace">;

/** What becomes of one key. */
export interface Verdict {
  readonly change: EntryChange;
  /** The login that shall stand there; absent where the entry goes. */
  readonly keep?: Secret<string>;
  /** What is known of it from now on; absent where it is others' alone. */
  readonly story?: StoryEntry;
  /** It is another login than the one that stands there, or the first. */
  readonly isNew?: true;
  /** Others stand in its way. */
  readonly blocked?: true;
  /** It was another manager's. */
  readonly takenFrom?: string;
}

/** Judges each key that stands there or is wanted. */
export function judgeEntries(owned: readonly OwnedEntry[], options: JudgeOptions): Verdict[] {
  const wanted = new Map(options.wanted.map((entry) => [entry.key, entry]));
  const present = owned.map((entry) => {
    const want = wanted.get(entry.key);
    wanted.delete(entry.key);
    return want === undefined ? judgeUnwanted(entry, options) : judgeWanted(entry, want, options);
  });
  const added = [...wanted.values()].map(
    (want): Verdict => ({
      change: { key: want.key, change: "added" },
      keep: want.auth,
      story: storyEntry(want, want.managers ?? [options.manager]),
      isNew: true,
    }),
  );
  return [...present, ...added];
}

function judgeWanted(
  { key, mark, story }: OwnedEntry,
  want: WantedEntry,
  { manager, replace }: JudgeOptions,
): Verdict {
  const managers = story?.managers ?? [OTHERS];
  const others = managers.filter((one) => one !== manager);
  if (mark === markOf(want.auth)) {
    const all = want.managers ?? [...others, manager].sort();
    return {
      change: { key, change: "unchanged" },
      keep: want.auth,
      story: storyEntry(want, all),
    };
  }
  const isForeign = managers.includes(OTHERS);
  const [other] = others.filter((one) => one !== OTHERS);
  return {
    change: {
      key,
      change: "changed",
      ...(isForeign ? { foreign: true } : {}),
      ...(other === undefined ? {} : { manager: other }),
    },
    keep: want.auth,
    story: storyEntry(want, want.managers ?? [manager]),
    isNew: true,
    ...(isForeign && !replace ? { blocked: true } : {}),
    ...(other === undefined || want.managers !== undefined ? {} : { takenFrom: other }),
  };
}

function judgeUnwanted(
  { key, auth, story }: OwnedEntry,
  { manager, everyManager = false }: JudgeOptions,
): Verdict {
  const goes = (one: string) => (everyManager ? one !== OTHERS : one === manager);
  const left = story?.managers.filter((one) => !goes(one)) ?? [OTHERS];
  const [first] = left.filter((one) => one !== OTHERS);
  if (story === undefined || (first === undefined && left.length > 0)) {
    return { change: { key, change: "foreign" }, keep: auth };
  }
  if (first === undefined) return { change: { key, change: "removed" } };
  return {
    change: { key, change: "kept", manager: first },
    keep: auth,
    story: { ...story, managers: left },
  };
}
