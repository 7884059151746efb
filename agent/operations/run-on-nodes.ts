import { performance } from "node:perf_hooks";
import { describeCode } from "../errors.ts";
import type { Report } from "../events.ts";
import type { NodeReport, Notice, Target } from "../model.ts";
import { fullJitter } from "../rollout/backoff.ts";
import { Breaker } from "../rollout/breaker.ts";
import type { FailureLimit } from "../rollout/failure-limit.ts";
import { GRACE_MS } from "../rollout/grace.ts";
import { runItems } from "../rollout/run-items.ts";
import { type HostKeyOffer, UnknownHostKey } from "../transport/host-key-offer.ts";
import type { Transport } from "../transport/transport.ts";
import { nodeReport, notAttemptedReport, withTransport } from "./node-report.ts";
import { hopelessCause, isWorthRetry, type NodeJob, type NodeTry, tryOnNode } from "./node-try.ts";
import type { ApproveHostKeys } from "./options.ts";
import type { KnownPushes } from "./run-records.ts";
import { tooMany } from "./waves/roll-out.ts";

/** Tries besides the first; waits grow to 8 s, random, so that many nodes don't come back at once. */
export const NODE_RETRY = {
  limit: 2,
  shouldRetry: isWorthRetry,
  delayMs: fullJitter(1000, 8000),
} as const;

/** Rounds of questions about host keys: one for the nodes, and some for jump hosts on the way to them. */
const MAX_QUESTIONS = 4;

interface RunOnNodesOptions {
  readonly transport: Transport;
  readonly targets: readonly Target[];
  readonly concurrency: number;
  readonly job: NodeJob;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Whether three nodes in a row with the same hopeless cause end the run. @default true */
  readonly breaker?: boolean;
  /** Takes each node that failed; one too many ends the run. */
  readonly failures?: FailureLimit<string>;
  /** The wave these targets are, for what is told of those that are left. */
  readonly wave?: number;
  /** What this machine is known to have sent before this run. */
  readonly lastPush?: KnownPushes;
  readonly approveHostKeys?: ApproveHostKeys | undefined;
}

/**
 * Runs one job on all targets, side by side, as one wave; a lost link is tried again,
 * since the node's program is safe to repeat and tells what it finds.
 * Nodes with unknown host keys wait until the others have ended: then one question is about all of them.
 *
 * @returns a report for each target; events `node-started` and `node-finished` on the way
 */
export async function runOnNodes(options: RunOnNodesOptions): Promise<Map<Target, NodeReport>> {
  const reports = new Map<Target, NodeReport>();
  const finish: Finish = (target, report) => {
    reports.set(target, report);
    // In its slot's turn still: the next to start must know.
    if (FAILED.has(report.result)) options.failures?.add(target.name);
    options.report({ type: "node-finished", report });
  };
  let targets = options.targets;
  for (let round = 0; targets.length > 0; round += 1) {
    const waiting = await runRound(options, { targets, finish, round });
    const goOn = await approve(options, waiting);
    targets = goOn ? [...waiting.keys()] : [];
    if (!goOn) for (const [target, { report }] of waiting) finish(target, report);
  }
  return inOrder(options.targets, reports);
}

const FAILED: ReadonlySet<NodeReport["result"]> = new Set(["failed", "unknown"]);

type Finish = (target: Target, report: NodeReport) => void;

/** A node that waits for the user's word, and its report where that is no. */
interface Waiting {
  readonly offer: HostKeyOffer;
  readonly report: NodeReport;
}

/** Runs the job once on each target; returns those that wait for a question. */
async function runRound(
  options: RunOnNodesOptions,
  round: { readonly targets: readonly Target[]; readonly finish: Finish; readonly round: number },
): Promise<Map<Target, Waiting>> {
  const { targets, finish } = round;
  const waiting = new Map<Target, Waiting>();
  const mayAsk = options.approveHostKeys !== undefined && round.round < MAX_QUESTIONS;
  const offerOf = (tried: NodeTry) =>
    mayAsk && tried.type === "unreached" && tried.error instanceof UnknownHostKey
      ? tried.error.offer
      : undefined;
  const breaker = new Breaker();
  const tracks = new Map(targets.map((target) => [target, new NodeTrack()]));
  const outcome = await runItems<Target, NodeTry>({
    items: targets,
    concurrency: options.concurrency,
    signal: options.signal,
    graceMs: GRACE_MS,
    retry: NODE_RETRY,
    work: async (target, signal) => {
      const track = tracks.get(target);
      track?.begin();
      const tried = await tryOnNode(options.transport, target, { job: options.job, signal });
      track?.end(tried);
      // In its slot still: the next to take it must know.
      breaker.add(offerOf(tried) === undefined ? hopelessCause(tried) : undefined);
      return tried;
    },
    isOver: () =>
      (options.breaker !== false && breaker.tripped !== undefined) ||
      options.failures?.exceeded === true,
    onStart: (target) => {
      if (round.round === 0) options.report({ type: "node-started", node: target.name });
    },
    onResult: (target, tried) => {
      const track = tracks.get(target);
      const lostBefore = track?.lostBefore ?? false;
      const durationMs = track?.durationMs ?? 0;
      const { name, node } = target;
      const lastPush = options.lastPush?.(node === undefined ? { name } : { uid: node.uid, name });
      const now = new Date();
      const report = nodeReport(target, { tried, lostBefore, durationMs, now, lastPush });
      const offer = offerOf(tried);
      if (offer !== undefined) waiting.set(target, { offer, report });
      else finish(target, withTransport(report, options.transport.chosen(target)));
    },
  });
  const stop = options.signal.aborted ? undefined : endOf(options, breaker);
  for (const target of outcome.notAttempted) finish(target, notAttemptedReport(target, stop));
  return waiting;
}

/** Why no further node was started. */
function endOf(
  { failures, wave = 1 }: RunOnNodesOptions,
  { tripped }: Breaker,
): Notice | undefined {
  if (tripped !== undefined)
    return { code: "PC255", message: `${describeCode("PC255").title}: ${tripped}` };
  return failures?.exceeded === true ? tooMany(failures, wave) : undefined;
}

/** Asks about each key once: nodes behind one jump host wait for the same. */
async function approve(
  { approveHostKeys, transport, signal }: RunOnNodesOptions,
  waiting: ReadonlyMap<Target, Waiting>,
): Promise<boolean> {
  const offers = new Map([...waiting.values()].map(({ offer }) => [offer.id, offer]));
  if (offers.size === 0 || approveHostKeys === undefined || signal.aborted) return false;
  const trusted = await approveHostKeys([...offers.values()]).catch((error: unknown) => {
    // What ended before the question must still be told.
    if (signal.aborted) return false;
    throw error;
  });
  if (!trusted) return false;
  for (const offer of offers.values()) transport.approve(offer);
  return true;
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
