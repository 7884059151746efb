import { createHash } from "node:crypto";
import { composeConfig } from "../../credentials/compose.ts";
import type { Expiry } from "../../credentials/model.ts";
import { nameList } from "../../credentials/name-list.ts";
import { type Code, describeCode } from "../../errors.ts";
import { editFile } from "../../kubelet/edit-file.ts";
import type { FileReading } from "../../kubelet/model.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { EntryChange, Notice } from "../../model.ts";
import type { MergeTerms } from "../../node/compose.ts";
import type { LookFile, NodeLook } from "../../node/read-look.ts";
import { markOf, type StoryEntry } from "../../node/story.ts";
import { Secret } from "../../secret.ts";
import { OTHERS, type OwnedEntry, ownEntries } from "./owned-entries.ts";

/** An auth entry that shall stand there. */
export interface WantedEntry {
  readonly key: string;
  /** Padded base64 of `user:password`. */
  readonly auth: Secret<string>;
  readonly expiresAt: Expiry;
  /** Whose it shall be; absent: those that have it already, and the run's own. */
  readonly managers?: readonly string[];
}

export interface MergeOptions {
  readonly look: NodeLook;
  readonly wanted: readonly WantedEntry[];
  /** In whose name: entries that this manager alone has, and that are not wanted any more, go. */
  readonly manager: string;
  /** Entries of all managers go that are not wanted: what is wanted is a whole earlier state. @default false */
  readonly everyManager?: boolean;
  /** Write also where nothing would change. @default false */
  readonly always?: boolean;
  /** Put wanted entries in place of others' with the same key. */
  readonly replace: boolean;
  /** Leave out what voids the file. */
  readonly dropInvalid: boolean;
  /** Begin with the file that the kubelet uses now and would use no longer. */
  readonly importHidden: boolean;
}

/** The file that a merge writes, and what is known of it. */
export interface MergedFile {
  readonly bytes: Secret<Uint8Array>;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** What a merge comes to on one node. */
export type MergePlan =
  | {
      readonly type: "write";
      readonly file: MergedFile;
      readonly terms: MergeTerms;
      readonly entries: readonly StoryEntry[];
      readonly changes: readonly EntryChange[];
      readonly notices: readonly Notice[];
      /** The file whose entries came in; it is hidden from now on. */
      readonly imported?: string;
      /** Another file than the one that stands there: else only its story or its mode is put right. */
      readonly changesFile: boolean;
    }
  /** All is there as it shall be. */
  | { readonly type: "nothing"; readonly changes: readonly EntryChange[] }
  | {
      readonly type: "refused";
      readonly code: Code;
      readonly detail: string;
      readonly changes: readonly EntryChange[];
    };

const NO_ENTRIES: FileReading = { entries: [], faults: [] };
/** A credential file that stands as it was written. */
const OWN_MODE = 0o600;

/**
 * Plans a merge of wanted entries into the file on a node: others' entries stay byte for byte, those of other
 * field managers as well, and of this manager's what is not wanted any more goes.
 */
export function planMerge(options: MergeOptions): MergePlan {
  const { look } = options;
  const base = baseOf(options);
  if ("refused" in base) return refuse("PC333", base.refused);
  const reading = base.bytes === undefined ? NO_ENTRIES : readEntries(base.bytes);
  const [fault] = reading.faults;
  if (fault !== undefined) return refuse("PC333", `it is void: ${fault}`);
  const owned = base.imported === undefined ? ownEntries(reading, options) : foreign(reading);
  const verdicts = judge(owned, options);
  const drops = dropsOf(reading, options);
  const changes = changesOf(verdicts, reading, drops);
  const obstacle = obstacleOf(verdicts, reading, options);
  if (obstacle !== undefined) return { ...obstacle, changes };
  const left = verdicts.filter(({ keep }) => keep !== undefined);
  const composed = compose({ base, look, verdicts, left, drops });
  if (composed === undefined) {
    return { ...refuse("PC333", "its form leaves no place for an entry"), changes };
  }
  const entries = left.flatMap(({ story }) => (story === undefined ? [] : [story]));
  const digest = createHash("sha256").update(composed.bytes).digest("hex");
  const changesFile = digest !== look.file.digest;
  if (
    options.always !== true &&
    !changesFile &&
    isInOrder(look.file) &&
    sameStory(owned, entries)
  ) {
    return { type: "nothing", changes };
  }
  return {
    type: "write",
    file: { bytes: new Secret(composed.bytes), digest, sizeBytes: composed.bytes.length },
    terms: { expect: look.file.digest ?? "-", share: composed.share },
    entries,
    changes,
    notices: noticesOf(verdicts),
    ...(base.imported === undefined ? {} : { imported: base.imported }),
    changesFile,
  };
}

function refuse(code: Code, detail: string): Extract<MergePlan, { type: "refused" }> {
  return { type: "refused", code, detail, changes: [] };
}

type Base =
  | { readonly refused: string }
  | { readonly bytes?: Uint8Array; readonly imported?: string };

/** The file to begin with: the one that stands there, or the hidden one, or none. */
function baseOf({ look, importHidden }: MergeOptions): Base {
  const { file } = look;
  if (file.facts !== undefined) {
    if (file.mounted) return { refused: "something is mounted there" };
    if (file.content === undefined) return { refused: unreadable(file) };
    return { bytes: file.content.reveal() };
  }
  const hidden = importHidden ? hiddenBy(look) : undefined;
  return hidden?.content === undefined
    ? {}
    : { bytes: hidden.content.reveal(), imported: hidden.path };
}

function unreadable({ facts }: LookFile): string {
  return facts?.type === "file" ? "it is larger than 1 MiB" : "it is not a regular file";
}

/** The file that the kubelet uses now and would not use beside ours: the first valid one of those behind ours. */
export function hiddenBy({ file, places }: NodeLook): LookFile | undefined {
  if (file.facts !== undefined) return undefined;
  const own = places.findIndex((place) => place.own);
  const behind = own < 0 ? [] : places.slice(own + 1);
  return behind.find((place) => place.file?.content !== undefined && isValid(place.file))?.file;
}

function isValid({ content }: LookFile): boolean {
  if (content === undefined) return false;
  const { faults, entries } = readEntries(content.reveal());
  return faults.length === 0 && entries.length > 0 && entries.every(({ readable }) => readable);
}

function foreign(reading: FileReading): OwnedEntry[] {
  return reading.entries.flatMap((entry) =>
    entry.readable && !entry.replaced
      ? [{ key: entry.key, reading: entry, mark: markOf(entry.auth) }]
      : [],
  );
}

/** What becomes of one key. */
interface Verdict {
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

function judge(owned: readonly OwnedEntry[], options: MergeOptions): Verdict[] {
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
      story: storyOf(want, want.managers ?? [options.manager]),
      isNew: true,
    }),
  );
  return [...present, ...added];
}

function storyOf({ key, auth, expiresAt }: WantedEntry, managers: readonly string[]): StoryEntry {
  return { key, mark: markOf(auth), managers, expiresAt };
}

function judgeWanted(
  { key, mark, story }: OwnedEntry,
  want: WantedEntry,
  { manager, replace }: MergeOptions,
): Verdict {
  const managers = story?.managers ?? [OTHERS];
  const others = managers.filter((one) => one !== manager);
  if (mark === markOf(want.auth)) {
    const all = want.managers ?? [...others, manager].sort();
    return {
      change: { key, change: "unchanged" },
      keep: want.auth,
      story: storyOf(want, all),
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
    story: storyOf(want, want.managers ?? [manager]),
    isNew: true,
    ...(isForeign && !replace ? { blocked: true } : {}),
    ...(other === undefined || want.managers !== undefined ? {} : { takenFrom: other }),
  };
}

function judgeUnwanted(
  { key, reading, story }: OwnedEntry,
  { manager, everyManager = false }: MergeOptions,
): Verdict {
  const goes = (one: string) => (everyManager ? one !== OTHERS : one === manager);
  const left = story?.managers.filter((one) => !goes(one)) ?? [OTHERS];
  const [first] = left.filter((one) => one !== OTHERS);
  if (story === undefined || (first === undefined && left.length > 0)) {
    return { change: { key, change: "foreign" }, keep: reading.auth };
  }
  if (first === undefined) return { change: { key, change: "removed" } };
  return {
    change: { key, change: "kept", manager: first },
    keep: reading.auth,
    story: { ...story, managers: left },
  };
}

/** Indexes of entries that void the file and go. */
function dropsOf(reading: FileReading, { dropInvalid }: MergeOptions): ReadonlySet<number> {
  return new Set(
    reading.entries.flatMap(({ readable }, index) => (dropInvalid && !readable ? [index] : [])),
  );
}

function changesOf(
  verdicts: readonly Verdict[],
  reading: FileReading,
  drops: ReadonlySet<number>,
): EntryChange[] {
  const dropped = [...drops].flatMap((index): EntryChange[] => {
    const key = reading.entries[index]?.key;
    return key === undefined ? [] : [{ key, change: "dropped", foreign: true }];
  });
  return [...verdicts.map(({ change }) => change), ...dropped];
}

function obstacleOf(
  verdicts: readonly Verdict[],
  reading: FileReading,
  { dropInvalid, wanted }: MergeOptions,
): Omit<Extract<MergePlan, { type: "refused" }>, "changes"> | undefined {
  const keys = new Set(wanted.map(({ key }) => key));
  const bad = reading.entries.find((entry) => !entry.readable);
  // One that is replaced by ours goes with its key.
  if (bad !== undefined && !bad.readable && !dropInvalid) {
    const detail = `its entry ${JSON.stringify(bad.key)} voids it: ${bad.why}`;
    return { type: "refused", code: "PC333", detail };
  }
  const blocked = verdicts.filter((one) => one.blocked).map(({ change }) => change.key);
  if (blocked.length === 0) return undefined;
  const known = blocked.filter((key) => keys.has(key)).sort();
  return { type: "refused", code: "PC331", detail: nameList(known) };
}

interface Composing {
  readonly base: Exclude<Base, { refused: string }>;
  readonly look: NodeLook;
  readonly verdicts: readonly Verdict[];
  readonly left: readonly Verdict[];
  readonly drops: ReadonlySet<number>;
}

/** `undefined` where the file can't be edited so that a kubelet reads what was planned. */
function compose({
  base,
  look,
  verdicts,
  left,
  drops,
}: Composing): { readonly bytes: Uint8Array; readonly share: MergeTerms["share"] } | undefined {
  const isOurs = look.record?.share === "yes" && look.record.digest === look.file.digest;
  const logins = left.flatMap(({ change: { key }, keep }) =>
    keep === undefined ? [] : [{ key, auth: keep }],
  );
  if (base.bytes === undefined || isOurs) {
    const sorted = [...logins].sort((a, b) => (a.key < b.key ? -1 : 1));
    return { bytes: composeConfig(sorted), share: "whole" };
  }
  const bytes = editFile(base.bytes, {
    remove: new Set(verdicts.flatMap(({ change, keep }) => (keep ? [] : [change.key]))),
    drop: drops,
    set: new Map(
      left.flatMap(({ change: { key }, keep, isNew }) =>
        isNew === true && keep !== undefined ? [[key, keep] as const] : [],
      ),
    ),
  });
  return holds(bytes, logins) ? { bytes, share: "part" } : undefined;
}

/** Whether a kubelet reads these logins in the file and no others. */
function holds(
  bytes: Uint8Array,
  logins: readonly { readonly key: string; readonly auth: Secret<string> }[],
): boolean {
  const { entries, faults } = readEntries(bytes);
  const wanted = new Map(logins.map(({ key, auth }) => [key, markOf(auth)]));
  if (faults.length > 0 || entries.some(({ readable }) => !readable)) return false;
  const counting = entries.filter(({ replaced }) => !replaced);
  return (
    counting.length === wanted.size &&
    counting.every((entry) => entry.readable && wanted.get(entry.key) === markOf(entry.auth))
  );
}

function isInOrder({ facts }: LookFile): boolean {
  return facts?.mode === OWN_MODE && facts.uid === 0;
}

function sameStory(owned: readonly OwnedEntry[], entries: readonly StoryEntry[]): boolean {
  const text = (list: readonly (StoryEntry | undefined)[]) =>
    list
      .flatMap((one) =>
        one === undefined ? [] : [JSON.stringify([one.key, one.mark, one.managers])],
      )
      .sort()
      .join("\n");
  return text(owned.map(({ story }) => story)) === text(entries);
}

function noticesOf(verdicts: readonly Verdict[]): Notice[] {
  const taken = verdicts.filter(({ takenFrom }) => takenFrom !== undefined);
  if (taken.length === 0) return [];
  const said = taken.map(({ change: { key }, takenFrom }) => `${key} (of ${takenFrom})`).sort();
  const { title } = describeCode("PC332");
  return [{ code: "PC332", message: `${title}: ${nameList(said)}` }];
}
