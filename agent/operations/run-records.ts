import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PullcastError } from "../errors.ts";
import type {
  NodeReport,
  PushReport,
  RemoveReport,
  RestoreReport,
  RollbackReport,
} from "../model.ts";
import { isFailed } from "./is-failed.ts";
import { runStart } from "./run-id.ts";

/** Records kept on this machine; older ones are removed. */
const KEPT_RUNS = 50;

/** Longer than any kubelet's cache: older records say nothing about what is in force. */
const RECENT_MS = 15 * 60_000;

/** A run as it is stored: its report, nothing secret. */
type RunRecord = PushReport | RestoreReport | RollbackReport | RemoveReport;

/**
 * Stores a run's report as `STATE_DIR/runs/RUN.json` (0600 in a 0700 directory), whole or not at all,
 * and removes all but the newest records.
 *
 * @throws what the file system throws
 */
export async function saveRun(stateDir: string, report: RunRecord): Promise<string> {
  const dir = join(stateDir, "runs");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, `${report.run}.json`);
  const temp = `${path}.tmp`;
  const file = await open(temp, "wx", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(report)}\n`);
  } finally {
    await file.close();
  }
  await rename(temp, path);
  await prune(dir);
  return path;
}

/** Nodes that a push did not serve. */
export interface FailedNodes {
  readonly run: string;
  /** Absent for a run over `--hosts`. */
  readonly context?: string;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
}

/**
 * Reads which nodes a push of this machine did not serve, as its record has it.
 *
 * @param run - absent: the last push
 * @throws {PullcastError} PC352 where there is no such record, or no node in it that failed
 */
export async function failedNodes(stateDir: string, run?: string): Promise<FailedNodes> {
  const dir = join(stateDir, "runs");
  const names = await recordNames(dir);
  for (const name of names.reverse()) {
    if (run !== undefined && name !== `${run}.json`) continue;
    const record = await readRecord(join(dir, name));
    if (record?.kind !== "PushReport") continue;
    const { context, items } = record;
    const failed = items.filter((item) => NOT_SERVED.has(item.result) || isFailed(item));
    if (failed.length === 0) {
      throw new PullcastError("PC352", { detail: `no node failed in ${record.run}` });
    }
    return {
      run: record.run,
      ...(context === undefined ? {} : { context }),
      nodes: failed.map(({ node, address }) => ({ name: node, address })),
    };
  }
  throw new PullcastError("PC352", { detail: run ?? "there is no record of a push" });
}

const NOT_SERVED: ReadonlySet<string> = new Set<NodeReport["result"]>([
  "rolled-back",
  "unknown",
  "not-attempted",
]);

/** What this machine last sent to a node. */
export interface KnownPush {
  /** The kubelet uses it from then on at the latest. */
  readonly effectiveBy: Date;
  /** A restart of the kubelet brought it in force: nothing older is cached. */
  readonly restarted: boolean;
  /** As in the report of that run. */
  readonly address: string;
}

/** Looks a node up. */
export type KnownPushes = (node: {
  readonly uid?: string;
  readonly name: string;
}) => KnownPush | undefined;

/**
 * Looks up the pushes and restores of the last minutes that this machine knows of.
 * A node is known by its UID, by its name where the run had no cluster.
 * A record that can't be read counts as none: it only costs patience.
 */
export async function lastPushes(stateDir: string, now: Date): Promise<KnownPushes> {
  const dir = join(stateDir, "runs");
  const latest = new Map<string, KnownPush>();
  for (const name of await recordNames(dir)) {
    const started = runStart(name.slice(0, -".json".length));
    if (started === undefined || now.getTime() - started.getTime() > RECENT_MS) continue;
    for (const item of await readItems(join(dir, name))) note(latest, item);
  }
  return ({ uid, name }) => latest.get(uid === undefined ? `name:${name}` : `uid:${uid}`);
}

function note(latest: Map<string, KnownPush>, item: NodeReport): void {
  if (item.effectiveBy === undefined) return;
  const key = item.uid === undefined ? `name:${item.node}` : `uid:${item.uid}`;
  const { effectiveBy, restarted = false, address } = item;
  // A later run decides, though it may be in force earlier (a restart).
  latest.set(key, { effectiveBy: new Date(effectiveBy), restarted, address });
}

/** Names of records, oldest first. */
async function recordNames(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [] as string[]);
  return names.filter((name) => name.endsWith(".json")).sort();
}

async function readItems(path: string): Promise<readonly NodeReport[]> {
  return (await readRecord(path))?.items ?? [];
}

async function readRecord(path: string): Promise<RunRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, "utf8")) as Partial<RunRecord>;
    return Array.isArray(record.items) ? (record as RunRecord) : undefined;
  } catch {
    return undefined;
  }
}

async function prune(dir: string): Promise<void> {
  const names = await recordNames(dir);
  for (const name of names.slice(0, Math.max(0, names.length - KEPT_RUNS))) {
    await rm(join(dir, name), { force: true });
  }
}
