import { createHash } from "node:crypto";
import type { Expiry } from "../../credentials/model.ts";
import { nameList } from "../../credentials/name-list.ts";
import { type Code, describeCode } from "../../errors.ts";
import type { FileReading } from "../../kubelet/model.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { EntryChange, NodeConfig, Notice } from "../../model.ts";
import type { MergeTerms } from "../../node/compose.ts";
import type { LookFile, NodeLook } from "../../node/read-look.ts";
import type { StoryEntry } from "../../node/story.ts";
import { Secret } from "../../secret.ts";
import { composeMerged } from "./compose-merged.ts";
import { judgeEntries, type Verdict } from "./judge-entries.ts";
import { countingEntries, type OwnedEntry, ownEntries } from "./owned-entries.ts";

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

/** What a merge comes to on one node. */
export type MergePlan =
  | {
      readonly type: "write";
      readonly file: Pick<NodeConfig, "bytes" | "digest" | "sizeBytes">;
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
  const owned: readonly OwnedEntry[] =
    base.imported === undefined ? ownEntries(reading, options) : countingEntries(reading);
  const verdicts = judgeEntries(owned, options);
  const drops = dropsOf(reading, options);
  const changes = changesOf(verdicts, reading, drops);
  const obstacle = obstacleOf(verdicts, reading, options);
  if (obstacle !== undefined) return { ...obstacle, changes };
  const composed = composeMerged({ base: base.bytes, look, verdicts, drops });
  if (composed === undefined) {
    return { ...refuse("PC333", "its form leaves no place for an entry"), changes };
  }
  const entries = verdicts.flatMap(({ story }) => (story === undefined ? [] : [story]));
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
function hiddenBy({ file, places }: NodeLook): LookFile | undefined {
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
  { dropInvalid }: MergeOptions,
): Omit<Extract<MergePlan, { type: "refused" }>, "changes"> | undefined {
  const bad = reading.entries.find((entry) => !entry.readable);
  if (bad !== undefined && !bad.readable && !dropInvalid) {
    const detail = `its entry ${JSON.stringify(bad.key)} voids it: ${bad.why}`;
    return { type: "refused", code: "PC333", detail };
  }
  const blocked = verdicts.filter((one) => one.blocked).map(({ change }) => change.key);
  if (blocked.length === 0) return undefined;
  return { type: "refused", code: "PC331", detail: nameList(blocked.sort()) };
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
