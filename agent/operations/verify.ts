import { setMaxListeners } from "node:events";
import { performance } from "node:perf_hooks";
import pLimit from "p-limit";
import { openGateway } from "../cluster/gateway.ts";
import { watchPods } from "../cluster/pod-watch.ts";
import type { Platform } from "../images/model.ts";
import type { PullReport, SkippedNode, Target, VerifyReport } from "../model.ts";
import { type AnonymousAnswer, askAnonymously } from "../registry/anonymous.ts";
import type { Reach } from "../registry/https-request.ts";
import { readReach } from "../registry/reach.ts";
import {
  formatReference,
  type ImageReference,
  isLatest,
  parseReference,
  withDigest,
} from "../registry/reference.ts";
import { abortAfterGrace, GRACE_MS } from "../rollout/grace.ts";
import type { VerifyOptions } from "./options.ts";
import { runSelector } from "./pod-frame.ts";
import { newRunId } from "./run-id.ts";
import { lastPushes } from "./run-records.ts";
import { type SelectedTargets, selectTargets } from "./select-targets.ts";
import { sweepPods } from "./sweep-pods.ts";
import { INTERRUPTED } from "./verify/judge.ts";
import { type ProofContext, proveNode } from "./verify/prove-node.ts";
import { WaitingRoom } from "./verify/waiting-room.ts";

/** A digest that no image has. */
const NO_IMAGE = `sha256:${"0".repeat(64)}`;
/** Pods wait no longer to know which machines an image is for. */
const PLATFORMS_LIMIT_MS = 3000;
const LARGE_BYTES = 200 * 1024 * 1024;

/**
 * Proves by one pod for each selected node that its kubelet can pull an image with the node's own
 * credentials. Test pods are removed at the end, also after an abort.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws PullcastError PC701 (no image reference), PC001 (the CA file), PC1xx (nothing selected, or the cluster is lost)
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const startedAt = new Date();
  const began = performance.now();
  const run = newRunId(startedAt);
  const reference = parseReference(options.image);
  const reach = await readReach(options);
  const selected = await selectTargets({ ...options, purpose: "verify" });
  announce(options, { run, selected, reference });
  const { targets, context } = selected;
  const proven = await proveTargets(targets, options, {
    run,
    startedAt,
    reference,
    reach,
    ...(context === undefined ? {} : { contextNamespace: context.namespace }),
  });
  return {
    kind: "VerifyReport",
    run,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(selected.context === undefined ? {} : { context: selected.context.name }),
    interrupted: options.signal.aborted,
    items: [...proven, ...selected.skipped.map((node) => skippedReport(node, options.image))],
  };
}

/** What the nodes of one image's proof that is part of another run are asked with. */
export type ProofOptions = Omit<VerifyOptions, "selection">;

/** What must hold before a proof that belongs to another run begins. */
export interface PreparedProof {
  readonly reference: ImageReference;
  readonly reach: Reach;
}

/** @throws PullcastError PC701 (no image reference), PC001 (the CA file) */
export async function prepareProof(options: ProofOptions): Promise<PreparedProof> {
  return { reference: parseReference(options.image), reach: await readReach(options) };
}

interface ProofRun extends PreparedProof {
  readonly run: string;
  readonly startedAt: Date;
  /** Of kubectl's context: where pods go without `namespace`. */
  readonly contextNamespace?: string;
}

function announce(
  options: VerifyOptions,
  {
    run,
    selected,
    reference,
  }: Pick<ProofRun, "run" | "reference"> & { readonly selected: SelectedTargets },
): void {
  const { context, targets, skipped } = selected;
  options.report({
    type: "planned",
    operation: "verify",
    run,
    ...(context === undefined ? {} : { context: { name: context.name, server: context.server } }),
    addressKinds: {},
    targets,
    skipped,
    concurrency: options.maxPulls,
  });
  if (options.proof === "pull" && isLatest(reference)) {
    const message = `${options.image} means the tag latest, which moves`;
    options.report({ type: "notice", notice: { code: "PC705", message } });
  }
}

/**
 * Proves these nodes by a pod each; the pods are removed at the end, also after an abort.
 *
 * @returns a report for each, in their order
 * @throws PullcastError PC1xx where the cluster is lost
 */
export async function proveTargets(
  targets: readonly Target[],
  options: ProofOptions,
  plan: ProofRun,
): Promise<PullReport[]> {
  const lastPush = await lastPushes(options.stateDir, plan.startedAt);
  const gateway = await openGateway(options.kubectl, options.signal);
  // Stops all nodes when the cluster is lost; the user's signal stops them as well.
  const stop = new AbortController();
  const namespace = options.namespace ?? plan.contextNamespace ?? "default";
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Every pod and every wait listens to it: hundreds are no leak.
  setMaxListeners(0, signal);
  const watch = watchPods(gateway, { namespace, selector: runSelector(plan.run) });
  const waiting = new WaitingRoom(options.report);
  let pods = 0;
  const isAuth = options.proof === "auth";
  const reference = isAuth ? withDigest(plan.reference, NO_IMAGE) : plan.reference;
  const context: ProofContext = {
    gateway,
    watch,
    waiting,
    namespace,
    reference,
    run: plan.run,
    proof: options.proof,
    report: options.report,
    image: isAuth ? formatReference(reference) : options.image,
    deadline: new Date(plan.startedAt.getTime() + options.timeoutMs),
    deadlineSeconds: Math.ceil(options.timeoutMs / 1000) + 60,
    nextIndex: () => pods++,
    signal,
    assumePrivate: options.assumePrivate,
    expect: options.expect ?? "pull",
    anonymous: askFromHere(reference, { options, reach: plan.reach }),
    platforms: platformsInTime(options, plan),
    lastPush: ({ name, node }) =>
      (node === undefined ? undefined : lastPush({ uid: node.uid, name })) ?? lastPush({ name }),
    limit: pLimit(options.maxPulls),
  };
  try {
    return await proveEach(targets, { context, options, stop });
  } finally {
    waiting.close();
    await watch.close();
    if (pods > 0) {
      await sweepPods(gateway, { namespace, run: plan.run, pods, report: options.report });
    }
    await gateway.close();
  }
}

interface Proving {
  readonly context: ProofContext;
  readonly options: ProofOptions;
  readonly stop: AbortController;
}

/** All nodes' reports in the order of the list; nodes still busy some seconds after an abort are given up. */
async function proveEach(
  targets: readonly Target[],
  { context, options, stop }: Proving,
): Promise<PullReport[]> {
  const reports = new Map<Target, PullReport>();
  const finish = (target: Target, report: PullReport) => {
    reports.set(target, report);
    options.report({ type: "pull-finished", report });
  };
  const unfinished = () => targets.filter((target) => !reports.has(target)).map(({ name }) => name);
  const tellInterrupted = () => options.report({ type: "interrupted", unfinished: unfinished() });
  options.signal.addEventListener("abort", tellInterrupted, { once: true });
  const grace = abortAfterGrace(options.signal, GRACE_MS);
  const graceOver = new Promise<void>((resolve) => {
    grace.signal.addEventListener("abort", () => resolve());
  });
  const started = new Set<string>();
  const report: ProofContext["report"] = (event) => {
    if (event.type === "node-started") started.add(event.node);
    options.report(event);
  };
  const proofs = targets.map(async (target) =>
    finish(target, await proveNode(target, { ...context, report })),
  );
  try {
    await Promise.race([Promise.all(proofs), graceOver]);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(proofs);
    throw error;
  } finally {
    stop.abort();
    grace.dispose();
    options.signal.removeEventListener("abort", tellInterrupted);
  }
  return targets.map(
    (target) => reports.get(target) ?? givenUp(target, { image: context.image, started }),
  );
}

async function askFromHere(
  reference: ImageReference,
  { options, reach }: { options: ProofOptions; reach: Reach },
): Promise<AnonymousAnswer> {
  const answer = await askAnonymously(reference, { ...reach, signal: options.signal }).catch(
    (error) => {
      if (!options.signal.aborted) throw error;
      return { result: "unknown", reason: "the run was interrupted" } as const;
    },
  );
  if (answer.result === "public" && (answer.sizeBytes ?? 0) > LARGE_BYTES) {
    const megabytes = Math.round((answer.sizeBytes ?? 0) / 1024 / 1024);
    const message = `${options.image} has ${megabytes} MB, and every node pulls them`;
    options.report({ type: "notice", notice: { code: "PC704", message } });
  }
  return answer;
}

/** What the image is for, where pods are to pull it and its registry tells soon. */
async function platformsInTime(
  { proof, expect, entries = [], signal }: ProofOptions,
  { reference, reach }: PreparedProof,
): Promise<readonly Platform[] | undefined> {
  if (proof === "auth" || expect === "denial") return undefined;
  // A push without a proof reads no images: it need not load what does.
  const { imagePlatforms } = await import("./image-platforms.ts");
  const soon = AbortSignal.any([signal, AbortSignal.timeout(PLATFORMS_LIMIT_MS)]);
  return await imagePlatforms(reference, entries, { reach, signal: soon }).catch(() => undefined);
}

/** The report of a node that no pod was tried on to the end. */
function untried(
  target: { readonly name: string; readonly uid?: string },
  image: string,
  ending: Pick<PullReport, "result" | "code" | "message" | "fix">,
): PullReport {
  const { name, uid } = target;
  const node = uid === undefined ? { node: name } : { node: name, uid };
  return { ...node, ...ending, image, ran: "-", attempts: 0, durationMs: 0 };
}

function givenUp(
  { name, node }: Target,
  { image, started }: { readonly image: string; readonly started: ReadonlySet<string> },
): PullReport {
  if (started.has(name)) return { ...untried(node ?? { name }, image, INTERRUPTED), attempts: 1 };
  const message = "the run was interrupted first";
  return untried(node ?? { name }, image, { result: "not-attempted", message });
}

function skippedReport({ name, code, message }: SkippedNode, image: string): PullReport {
  return untried({ name }, image, { result: "skipped", code, message });
}
