import { createHash } from "node:crypto";
import type { Secret } from "../secret.ts";
import { type FileFacts, type NodeRecord, readFacts, readRecords, seconds } from "./records.ts";
import { parseStory, type Story } from "./story.ts";

/** A file as a look found it. */
export interface LookFile {
  readonly path: string;
  /** Absent where nothing stands there. */
  readonly facts?: FileFacts;
  /** Something is mounted at this very path. */
  readonly mounted: boolean;
  /** Absent for all but regular files of 1 MiB at most. */
  readonly content?: Secret<Uint8Array>;
  /** Lower-case hex SHA-256 of the content. */
  readonly digest?: string;
}

/** How much of a file is ours: see state.sh. */
export type Share = "yes" | "part" | "mixed" | "no";

/** What the last run on the node set out to do. */
export interface LookRecord {
  readonly digest: string;
  readonly share: Share;
  /** `-` where nothing stood there. */
  readonly before: string;
  readonly beforeShare: Share;
  readonly beforeRun?: string;
  /** The file kept before the first write; absent where there was none. */
  readonly kept?: string;
  readonly run: string;
}

/** How live mode stands on a node: whether its kubelet asks our provider. */
export interface LiveState {
  /**
   * - `on`: it does
   * - `due`: it must be restarted to do so, or to do so as is wanted now
   * - `trial`: it was begun, and nobody has confirmed that the node is well with it
   * - `undone`: a trial was taken back
   */
  readonly state: "on" | "due" | "trial" | "undone";
  readonly unit: string;
  /** Of registries that it is asked for, besides those without one. */
  readonly ports: readonly string[];
  /** The list of providers that was copied to put ours into it. */
  readonly source?: string;
}

/** What one look at a node found; all text but that of stories is the node's: clean it before it is shown. */
export interface NodeLook {
  /** Seconds since 1970 by the node's clock, as all times. */
  readonly now: number;
  readonly kubeletStartedAt?: number;
  /** config.json. */
  readonly file: LookFile;
  readonly record?: LookRecord;
  readonly stories: readonly Story[];
  /** Runs whose files are kept, oldest first; with their files where those were asked for. */
  readonly past: readonly { readonly run: string; readonly file?: LookFile }[];
  /** Files kept of others; only where all was asked for. */
  readonly kept: readonly LookFile[];
  /** Places that the kubelet reads, in its order; ours has no file here. */
  readonly places: readonly {
    readonly path: string;
    readonly own: boolean;
    readonly file?: LookFile;
  }[];
  /** Absent where nothing of live mode is there. */
  readonly live?: LiveState;
  /** The file is what a provider of ours prints, in place of a kubelet's own. */
  readonly isAnswer: boolean;
}

/** A file of ours that stands there. */
export interface Standing {
  /** The run that wrote it. */
  readonly run?: string;
  readonly share: Share;
  /** Whether that was the last run; else the last one died before its file was in place. */
  readonly isLast: boolean;
}

/**
 * Whose file stands there, by its digest: as judge_target (state.sh) finds it before a write.
 *
 * @returns `undefined` where it is none of ours, was changed since, or is gone
 */
export function standingOf({ file, record }: NodeLook): Standing | undefined {
  if (record === undefined) return undefined;
  const { beforeRun: run } = record;
  if (file.digest === record.digest) return { run: record.run, share: record.share, isLast: true };
  if (file.digest !== record.before) return undefined;
  return { ...(run === undefined ? {} : { run }), share: record.beforeShare, isLast: false };
}

/** Whether the file is as the last run left it, with nothing of others in it. */
export function isWhollyOurs(look: NodeLook): boolean {
  const standing = standingOf(look);
  return standing?.isLast === true && standing.share === "yes";
}

/**
 * Reads what the look program told, once `readReport` has found that it came to its end.
 *
 * @param stdout - holds credentials in base64: it must go nowhere else
 */
export function readLook(stdout: string, nonce: string): NodeLook {
  const records = readRecords(stdout, nonce);
  const last = (key: string) => records.findLast((record) => record.key === key)?.value;
  const files = readFiles(records);
  const fileOf = (path: string) => files.find((file) => file.path === path);
  const [, , startedAt] = /^(\d+) (\d+)$/.exec(last("kubelet") ?? "") ?? [];
  const record = readRecordLine(last("record") ?? "");
  const live = readLive(last("live"));
  return {
    now: seconds(last("now")),
    ...(startedAt === undefined ? {} : { kubeletStartedAt: seconds(startedAt) }),
    file: fileOf("config.json") ?? { path: "config.json", mounted: false },
    ...(record === undefined ? {} : { record }),
    stories: records.flatMap(({ key, value }) => (key === "story" ? readStory(value) : [])),
    past: records.flatMap(({ key, value }) => (key === "past" ? [readPast(value, fileOf)] : [])),
    kept: files.filter(({ path }) => path.startsWith(".pullcast/kept-")),
    places: records.flatMap(({ key, value }) => (key === "place" ? readPlace(value, fileOf) : [])),
    ...(live === undefined ? {} : { live }),
    isAnswer: last("answer") !== undefined,
  };
}

function readLive(value = ""): LiveState | undefined {
  const [, state, unit = "", ports = "", source = ""] =
    /^(on|due|trial|undone) (\S+) (-|[\d,]+) (\S+)$/.exec(value) ?? [];
  if (state === undefined) return undefined;
  return {
    state: state as LiveState["state"],
    unit,
    ports: ports === "-" ? [] : ports.split(","),
    ...(source === "-" ? {} : { source }),
  };
}

type FileOf = (path: string) => LookFile | undefined;

/** `file NAME FACTS`, and after it `mounted` and `content` of the same. */
function readFiles(records: readonly NodeRecord[]): LookFile[] {
  const files: LookFile[] = [];
  for (const { key, value, content } of records) {
    const file = files.at(-1);
    if (key === "file") files.push(readFile(value));
    if (file === undefined) continue;
    if (key === "mounted") files[files.length - 1] = { ...file, mounted: true };
    if (key === "content" && content !== undefined) {
      const digest = createHash("sha256").update(content.reveal()).digest("hex");
      files[files.length - 1] = { ...file, content, digest };
    }
  }
  return files;
}

function readFile(value: string): LookFile {
  const [, path = "", facts] = /^(.*?) ((?:\S+ ){5}\S+)$/.exec(value) ?? [];
  if (facts === undefined) return { path: value.replace(/ -$/, ""), mounted: false };
  return { path, mounted: false, facts: readFacts(facts.split(" ")) };
}

const DIGEST = /^[0-9a-f]{64}$/;

function readRecordLine(value: string): LookRecord | undefined {
  const [digest = "", share, before = "", beforeShare, beforeRun = "-", kept = "", , run = ""] =
    value.split(" ");
  if (!DIGEST.test(digest) || !isShare(share) || !isShare(beforeShare)) return undefined;
  return {
    digest,
    share,
    before,
    beforeShare,
    ...(beforeRun === "-" ? {} : { beforeRun }),
    ...(kept === "absent" ? {} : { kept }),
    run,
  };
}

function isShare(value: string | undefined): value is Share {
  return value === "yes" || value === "part" || value === "mixed" || value === "no";
}

/** The name of the file tells the run too: a story that says another one is none. */
function readStory(value: string): Story[] {
  const blank = value.indexOf(" ");
  const story = parseStory(value.slice(blank + 1));
  return story === undefined || story.run !== value.slice(0, blank) ? [] : [story];
}

function readPast(run: string, fileOf: FileOf) {
  const file = fileOf(`.pullcast/past-${run}`);
  return { run, ...(file === undefined ? {} : { file }) };
}

function readPlace(value: string, fileOf: FileOf) {
  const [, kind, path = ""] = /^(own|other) (.*)$/.exec(value) ?? [];
  if (kind === undefined) return [];
  const file = kind === "other" ? fileOf(path) : undefined;
  return [{ path, own: kind === "own", ...(file === undefined ? {} : { file }) }];
}
