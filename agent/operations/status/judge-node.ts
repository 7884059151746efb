import { KUBELET_CACHE_MS } from "../../kubelet/cache-time.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import type { DriftKind, NodeStatus } from "../../model.ts";
import { type NodeLook, standingOf } from "../../node/read-look.ts";
import { firstEnd, type Story } from "../../node/story.ts";

/** What is told of a file that was looked at. */
export type FileStatus = Pick<
  NodeStatus,
  | "state"
  | "drift"
  | "message"
  | "run"
  | "at"
  | "operator"
  | "manager"
  | "keys"
  | "expiresAt"
  | "effectiveBy"
  | "kubeletStartedAt"
  | "provider"
>;

interface JudgeContext {
  readonly now: Date;
  /** Credentials that end earlier than this from now make a node `expiring`, ms. */
  readonly expiresWithinMs: number;
  /** The file that the newest run of each field manager left, by its digest. */
  readonly newest: ReadonlyMap<string, NewestFile>;
}

/** What one field manager's newest run wrote, wherever that was. */
export interface NewestFile {
  readonly run: string;
  readonly digest: string;
}

/** A file as push leaves it. */
const MODE = 0o600;

/** Tells in which state one node's file is, the worst first. */
export function judgeNode(look: NodeLook, context: JudgeContext): FileStatus {
  const story = storyOf(look);
  const told = { ...storyFacts(story), ...times(look, context.now), ...providerOf(look) };
  const obstacle = unreadable(look);
  if (look.file.facts === undefined) return { state: "missing", ...wasThere(look), ...told };
  if (obstacle !== undefined) return { state: "unreadable", ...obstacle, ...told };
  const hiding = hidingFile(look);
  const drift = driftOf(look, { story, newest: context.newest });
  const drifted = drift.length === 0 ? {} : { drift };
  if (hiding !== undefined) {
    return { state: "hidden", ...drifted, message: `the kubelet reads ${hiding} instead`, ...told };
  }
  if (drift.length > 0) {
    return { state: "drifted", ...drifted, message: drift.map(wordsOf).join("; "), ...told };
  }
  const leftMs = Date.parse(told.expiresAt ?? "") - context.now.getTime();
  if (leftMs < context.expiresWithinMs) {
    const message = leftMs <= 0 ? "a credential has ended" : "a credential ends soon";
    return { state: "expiring", message, ...told };
  }
  return { state: "current", ...told };
}

/** The newest run of each field manager among all nodes that still have its file. */
export function newestFiles(looks: readonly NodeLook[]): Map<string, NewestFile> {
  const newest = new Map<string, NewestFile>();
  for (const look of looks) {
    const { record } = look;
    const story = storyOf(look);
    if (record === undefined || story === undefined || record.share !== "yes") continue;
    const name = newestKey(look, story);
    const known = newest.get(name);
    if (known === undefined || known.run < record.run) {
      newest.set(name, { run: record.run, digest: record.digest });
    }
  }
  return newest;
}

/** What a provider prints has another form than a file: equal credentials are not equal bytes. */
function newestKey({ isAnswer }: NodeLook, story: Story | undefined): string {
  return `${isAnswer ? "provider" : "file"} ${story?.manager ?? ""}`;
}

function providerOf({ isAnswer, live }: NodeLook): Pick<NodeStatus, "provider"> {
  return isAnswer ? { provider: live?.state === "on" ? "on" : "due" } : {};
}

/** The story of the last run; of the one before where that died on its way. */
function storyOf(look: NodeLook): Story | undefined {
  const standing = standingOf(look);
  const run = standing === undefined ? look.record?.run : standing.run;
  return look.stories.find((story) => story.run === run);
}

function storyFacts(story: Story | undefined): Partial<FileStatus> {
  if (story === undefined) return {};
  const first = firstEnd(story.entries);
  return {
    run: story.run,
    at: story.at,
    operator: story.operator,
    manager: story.manager,
    keys: story.entries.map(({ key }) => key),
    ...(first === undefined ? {} : { expiresAt: first }),
  };
}

/** By this machine's clock: a node's may be wrong. */
function times(
  { now, kubeletStartedAt, file, isAnswer }: NodeLook,
  here: Date,
): Partial<FileStatus> {
  const at = (seconds: number) => new Date(here.getTime() + (seconds - now) * 1000).toISOString();
  const written = file.facts?.changedAt;
  const started = kubeletStartedAt === undefined ? {} : { kubeletStartedAt: at(kubeletStartedAt) };
  if (isAnswer || written === undefined || (kubeletStartedAt ?? 0) > written) return started;
  const readBy = written + KUBELET_CACHE_MS / 1000;
  return readBy > now ? { ...started, effectiveBy: at(readBy) } : started;
}

function wasThere({ record }: NodeLook): { readonly message?: string } {
  return record === undefined ? {} : { message: "it was deleted after pullcast wrote it" };
}

/** Why the kubelet can't read what stands there. */
function unreadable({ file }: NodeLook): { drift?: DriftKind[]; message: string } | undefined {
  const { facts, content } = file;
  if (facts === undefined) return undefined;
  if (facts.type === "directory") return { drift: ["directory"], message: "a directory is there" };
  if (facts.type !== "file" && facts.type !== "link") {
    return { message: `a ${facts.type === "fifo" ? "FIFO" : "device or socket"} is there` };
  }
  if (content === undefined) return undefined;
  const read = readKubeletFile(content.reveal());
  if (read.valid) return undefined;
  const entry = read.key === undefined ? "" : `entry ${JSON.stringify(read.key)}: `;
  return { message: `the kubelet ignores all of it: ${entry}${read.why}` };
}

/** The valid file at an earlier place, for the kubelet reads the first alone. */
function hidingFile({ places, isAnswer }: NodeLook): string | undefined {
  if (isAnswer) return undefined;
  const own = places.findIndex((place) => place.own);
  const before = own < 0 ? places : places.slice(0, own);
  return before.find(
    ({ file }) => file?.content !== undefined && readKubeletFile(file.content.reveal()).valid,
  )?.path;
}

interface DriftContext {
  readonly story: Story | undefined;
  readonly newest: ReadonlyMap<string, NewestFile>;
}

function driftOf(look: NodeLook, { story, newest }: DriftContext): DriftKind[] {
  const { file, record } = look;
  const { facts, digest } = file;
  const standing = standingOf(look);
  const drift: DriftKind[] = [];
  if (facts?.type === "link") drift.push("link");
  else if (record === undefined) drift.push("other-tool");
  else if (standing === undefined) drift.push("foreign-edit");
  else if (!standing.isLast) drift.push("unfinished");
  else {
    const last = newest.get(newestKey(look, story));
    const isOlder = record.share === "yes" && last !== undefined && last.run > record.run;
    if (isOlder && last.digest !== digest) drift.push("older-run");
  }
  if (facts?.type === "file" && facts.mode !== MODE) drift.push("mode");
  if (facts?.type === "file" && facts.uid !== 0) drift.push("owner");
  if (providerOf(look).provider === "due") drift.push("provider");
  return drift;
}

const WORDS: Readonly<Record<DriftKind, string>> = {
  link: "a symbolic link stands in its place",
  directory: "a directory stands in its place",
  "other-tool": "pullcast did not write it",
  "foreign-edit": "it was changed after pullcast wrote it",
  unfinished: "the last run did not come to its end",
  "older-run": "other nodes have a newer one",
  mode: "its mode is not 0600",
  owner: "it is not root's",
  provider: "the kubelet does not ask the provider: push again",
};

function wordsOf(kind: DriftKind): string {
  return WORDS[kind];
}
