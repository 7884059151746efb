import type { LimitFunction } from "p-limit";
import type { Report } from "../../events.ts";
import type { Platform } from "../../images/model.ts";
import type { PullReport, Target } from "../../model.ts";
import type { AnonymousAnswer } from "../../registry/anonymous.ts";
import type { ImageReference } from "../../registry/reference.ts";
import { pause } from "../../util/pause.ts";
import type { KnownPush } from "../run-records.ts";
import { finalFrom, judgeDenial } from "./denial-clock.ts";
import { INTERRUPTED, judgeTry, mayBeStale, notYet, type Verdict } from "./judge.ts";
import { judgeDenied } from "./judge-denied.ts";
import { judgePlatform } from "./judge-platform.ts";
import { type PodTry, type TryContext, tryPod } from "./try-pod.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** What all nodes of a run share. */
export interface ProofContext extends TryContext {
  readonly proof: "pull" | "auth";
  readonly reference: ImageReference;
  readonly anonymous: Promise<AnonymousAnswer>;
  /** What the image is for, as far as it can be told from here. */
  readonly platforms: Promise<readonly Platform[] | undefined>;
  readonly assumePrivate: boolean;
  readonly expect: "pull" | "denial";
  readonly lastPush: (target: Target) => KnownPush | undefined;
  /** Slots: a pod exists only in one. */
  readonly limit: LimitFunction;
  readonly waiting: WaitingRoom;
  readonly report: Report;
}

/**
 * Tries a node until its answer is final or the time is over; a denial that an older file may explain
 * is tried again with fresh pods, since a pod that failed before is held back by the kubelet.
 *
 * @throws PullcastError where the cluster is lost
 */
export async function proveNode(target: Target, context: ProofContext): Promise<PullReport> {
  const push = context.lastPush(target);
  const effectiveBy = push?.effectiveBy;
  const decided = finalFrom(push);
  let attempts = 0;
  let durationMs = 0;
  let last: Verdict | undefined;
  const finish = (verdict: Verdict): PullReport => ({
    node: target.name,
    ...(target.node === undefined ? {} : { uid: target.node.uid }),
    ...verdict,
    image: context.image,
    attempts,
    durationMs,
    ...(effectiveBy === undefined || effectiveBy.getTime() <= Date.now()
      ? {}
      : { effectiveBy: effectiveBy.toISOString() }),
  });
  // A denial stays "not yet" if the run ends before it is final.
  const unfinished = (message: string) =>
    finish(last === undefined ? { result: "not-attempted", ran: "-", message } : notYet(last));
  const unserved = judgePlatform(target, await context.platforms);
  if (unserved !== undefined) return finish(unserved);
  for (;;) {
    const tried = await context.limit(() => tryInTime(target, context, attempts));
    if (tried === undefined) {
      const stopped = context.signal.aborted;
      return unfinished(stopped ? "the run was interrupted first" : "--timeout was over first");
    }
    attempts += 1;
    durationMs = tried.durationMs;
    const verdict = await judge(tried, {
      target,
      context,
      effectiveBy,
      deniedBefore: last !== undefined,
    });
    if (verdict === undefined) return finish(last === undefined ? INTERRUPTED : notYet(last));
    if (!isStale(verdict, await context.anonymous, context.expect)) return finish(verdict);
    const { createdAt } = tried;
    const { deadline } = context;
    const now = new Date();
    const denial = judgeDenial({ createdAt, now, finalFrom: decided, deadline, attempts });
    if (denial.type === "final" || decided === undefined) return finish(verdict);
    if (denial.type === "not-yet") return finish(notYet(verdict));
    last = verdict;
    context.waiting.enter(target.name, { until: decided, nextTry: denial.at });
    await pause(Math.max(0, denial.at.getTime() - Date.now()), context.signal);
    context.waiting.leave(target.name);
  }
}

/** One try in its slot; `undefined` where the run ended before it. */
async function tryInTime(
  target: Target,
  context: ProofContext,
  attempts: number,
): Promise<PodTry | undefined> {
  if (context.signal.aborted || Date.now() >= context.deadline.getTime()) return undefined;
  if (attempts === 0) context.report({ type: "node-started", node: target.name });
  return await tryPod(target, context);
}

interface JudgeOptions {
  readonly target: Target;
  readonly context: ProofContext;
  readonly effectiveBy: Date | undefined;
  readonly deniedBefore: boolean;
}

async function judge(
  tried: PodTry,
  { target, context, effectiveBy, deniedBefore }: JudgeOptions,
): Promise<Verdict | undefined> {
  const { proof, reference, image, assumePrivate } = context;
  const anonymous = await context.anonymous;
  const verdict = judgeTry(tried, {
    proof,
    target,
    reference,
    image,
    anonymous,
    assumePrivate,
    effectiveBy,
    deniedBefore,
  });
  return verdict === undefined || context.expect === "pull" ? verdict : judgeDenied(verdict);
}

/** Whether what the kubelet read before the last change may have decided. */
function isStale(
  verdict: Verdict,
  anonymous: AnonymousAnswer,
  expect: ProofContext["expect"],
): boolean {
  return expect === "denial" ? verdict.result === "served" : mayBeStale(verdict, anonymous);
}
