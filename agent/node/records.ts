import { Secret } from "../secret.ts";

/** One of a program's lines: a word, and what follows it; for `content`, the bytes between it and `end`. */
export interface NodeRecord {
  readonly key: string;
  readonly value: string;
  readonly content?: Secret<Uint8Array>;
}

const MAX_SECONDS = 8.64e12;
/** Words of logs and configurations are searched by patterns: their length bounds the time. */
const MAX_CHARS: ReadonlyMap<string, number> = new Map([
  ["log", 1000],
  ["line", 1000],
  // One line for thousands of entries.
  ["story", 1_500_000],
  // What the kubelet remembers of one image.
  ["record", 70_000],
  // An image has some hundred layers at most.
  ["layers", 40_000],
]);
/** Linux' longest path, with the facts before it. */
const MAX_PATH_CHARS = 4300;
/** The programs themselves send far fewer. */
const MAX_RECORDS = 20_000;

/**
 * The lines of a program that tells contents of files.
 *
 * @param stdout - holds credentials in base64: it must go nowhere else
 */
export function readRecords(stdout: string, nonce: string): NodeRecord[] {
  const mark = `PULLCAST1 ${nonce} `;
  const records: NodeRecord[] = [];
  let base64: string[] | undefined;
  for (const line of stdout.split("\n")) {
    if (!line.startsWith(mark)) {
      base64?.push(line);
      continue;
    }
    const text = line.slice(mark.length);
    const blank = text.indexOf(" ");
    const key = blank === -1 ? text : text.slice(0, blank);
    const most = MAX_CHARS.get(key) ?? MAX_PATH_CHARS;
    const value = blank === -1 ? "" : text.slice(blank + 1, blank + 1 + most);
    if (records.length === MAX_RECORDS) break;
    if (key === "content") base64 = [];
    else if (key === "end" && base64 !== undefined) {
      records.push({ key: "content", value, content: new Secret(fromBase64(base64)) });
      base64 = undefined;
    } else records.push({ key, value });
  }
  return records;
}

function fromBase64(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join(""), "base64");
}

/** At most what a Date takes, in seconds: the node may say anything. */
export function seconds(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && Math.abs(value) <= MAX_SECONDS ? value : 0;
}

/** What stands at a path, by `stat -c '%f %u %g %s %Y %Z'`. */
export interface FileFacts {
  readonly type: FileType;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
  /** When inode, name or content last changed: a rename brings an old `modifiedAt`, never an old one of this. */
  readonly changedAt: number;
}

export type FileType = "file" | "directory" | "fifo" | "link" | "other";

/** By the type bits of a mode, as the kernel has them. */
const FILE_TYPES: ReadonlyMap<number, FileType> = new Map([
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o010000, "fifo"],
  [0o120000, "link"],
]);

/** @param words - the six fields, the mode in hex */
export function readFacts(words: readonly string[]): FileFacts {
  const [mode = "", uid, gid, size, modified, changed] = words;
  const bits = Number.parseInt(mode, 16);
  return {
    type: FILE_TYPES.get(bits & 0o170000) ?? "other",
    mode: bits & 0o7777,
    uid: seconds(uid),
    gid: seconds(gid),
    sizeBytes: seconds(size),
    modifiedAt: seconds(modified),
    changedAt: seconds(changed),
  };
}
