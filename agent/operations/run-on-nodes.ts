import { performance } from "node:perf_hooks";
import type { Report } from "../events.ts";
import type { NodeReport, Target } from "../model.ts";
import { fullJitter } from "../rollout/backoff.ts";
import { GRACE_MS } from "../rollout/grace.ts";
import { runWaves } from "../rollout/run-waves.ts";
import type { Transport } from "../transport/transport.ts";
import { nodeReport, notAttemptedReport } from "./node-report.ts";
import { isWorthRetry, type NodeJob, type NodeTry, tryOnNode } from "./node-try.ts";
import type { KnownPushes } from "./run-records.ts";

/** Tries besides the first; waits grow to 8 s, random, so that many nodes don't come back at once. */
export const NODE_RETRY = {
  limit: 2,
  shouldRetry: isWorthRetry,
  delayMs: fullJitter(1000, 8000),
} as const;

interface RunOnNodesOptions {
  readonly transport: Transport;
  readonly targets: readonly Target[];
  readonly concurrency: number;
  readonly job: NodeJob;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** What this machine is known to have sent before this run. */
  readonly lastPush?: KnownPushes;
}

/**
 * Runs one job on all targets, side by side, as one wave; a lost link is tried again,
 * since the node's program is safe to repeat and tells what it finds.
 *
 * @returns a report for each target; events `node-started` and `node-finished` on the way
 */
export async function runOnNodes(options: RunOnNodesOptions): Promise<Map<Target, NodeReport>> {
  const reports = new Map<Target, NodeReport>();
  const finish = (target: Target, report: NodeReport) => {
    reports.set(target, report);
    options.report({ type: "node-finished", report });
  };
  const tracks = new Map(options.targets.map((target) => [target, new NodeTrack()]));
  const outcome = await runWaves<Target, NodeTry>({
    waves: [options.targets],
    concurrency: options.concurrency,
    signal: options.signal,
    graceMs: GRACE_MS,
    retry: NODE_RETRY,
    work: async (target, signal) => {
      const track = tracks.get(target);
      track?.begin();
      const tried = await tryOnNode(options.transport, target, { job: options.job, signal });
      track?.end(tried);
      return tried;
    },
    onStart: (target) => options.report({ type: "node-started", node: target.name }),
    onResult: (target, tried) => {
      const track = tracks.get(target);
      const lostBefore = track?.lostBefore ?? false;
      const durationMs = track?.durationMs ?? 0;
      const { name, node } = target;
      const lastPush = options.lastPush?.(node === undefined ? { name } : { uid: node.uid, name });
      const now = new Date();
      finish(target, nodeReport(target, { tried, lostBefore, durationMs, now, lastPush }));
    },
  });
  for (const target of outcome.notAttempted) finish(target, notAttemptedReport(target));
  return inOrder(options.targets, reports);
}

/** Nodes end in any order; their reports stand as the nodes were listed. */
function inOrder(
  targets: readonly Target[],
  reports: ReadonlyMap<Target, NodeReport>,
): Map<Target, NodeReport> {
  return new Map(
    targets.flatMap((target) => {
      const report = reports.get(target);
      return report === undefined ? [] : [[target, report] as const];
    }),
  );
}

/** What is remembered of one node between its tries. */
class NodeTrack {
  #startedAt: number | undefined;
  #endedAt = 0;
  #losses = 0;
  #lastWasLost = false;

  begin(): void {
    this.#startedAt ??= performance.now();
  }

  end(tried: NodeTry): void {
    this.#endedAt = performance.now();
    this.#lastWasLost = tried.type === "lost";
    if (this.#lastWasLost) this.#losses += 1;
  }

  /** Whether a try before the last one was lost. */
  get lostBefore(): boolean {
    return this.#losses > (this.#lastWasLost ? 1 : 0);
  }

  get durationMs(): number {
    return this.#startedAt === undefined ? 0 : this.#endedAt - this.#startedAt;
  }
}
