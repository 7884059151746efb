import { performance } from "node:perf_hooks";
import type { Gateway } from "../../cluster/gateway.ts";
import type { PodWatch } from "../../cluster/pod-watch.ts";
import { type Pod, readLog } from "../../cluster/pods.ts";
import type { PullReport, Target } from "../../model.ts";
import { isOwnPod, newPodToken } from "../pod-frame.ts";
import { awaitPull, type PodOutcome, startLimit } from "./await-pull.ts";
import { createPod } from "./create-pod.ts";
import { removeQuietly } from "./remove-pods.ts";
import { buildTestPod, type PullPolicy, podFault, SUCCESS } from "./test-pod.ts";

/** What all tries of a run share. */
export interface TryContext {
  readonly gateway: Gateway;
  readonly watch: PodWatch;
  readonly namespace: string;
  readonly run: string;
  /** Image reference for the kubelet. */
  readonly image: string;
  readonly policy?: PullPolicy;
  readonly deadline: Date;
  readonly deadlineSeconds: number;
  /** Numbers the run's pods. */
  readonly nextIndex: () => number;
  readonly signal: AbortSignal;
}

/** One pod's life. */
export interface PodTry {
  /** Before the pod was sent, by this machine's clock, which times pushes too: no pod of ours is older. */
  readonly createdAt: Date;
  /** From creation to the answer, ms. */
  readonly durationMs: number;
  readonly outcome: PodOutcome;
  readonly ran: PullReport["ran"];
}

/** A log is not worth more. */
const LOG_BYTES = 1024;

/**
 * Makes one node pull the image: creates a pod, waits for the kubelet's word, removes the pod.
 *
 * @throws PullcastError PC103 to PC105 where the cluster is lost
 */
export async function tryPod(target: Target, context: TryContext): Promise<PodTry> {
  const { gateway, namespace, image, policy, signal } = context;
  const createdAt = new Date();
  const began = performance.now();
  const ended = (outcome: PodOutcome, ran: PullReport["ran"] = "-"): PodTry => ({
    createdAt,
    durationMs: Math.round(performance.now() - began),
    outcome,
    ran,
  });
  const token = newPodToken();
  const creation = await createPod(gateway, {
    namespace,
    signal,
    isOwn: (pod) => isOwnPod(pod, token),
    pod: buildTestPod({
      run: context.run,
      node: target.name,
      image,
      policy,
      index: context.nextIndex(),
      token,
      deadlineSeconds: context.deadlineSeconds,
    }),
  });
  if ("refusal" in creation) return ended({ type: "broken", ...creation.refusal });
  const { pod } = creation;
  try {
    const faultOf = (seen: Pod) => podFault(seen, { image, node: target.name, token }, policy);
    const fault = faultOf(pod);
    if (fault !== undefined) return ended({ type: "broken", code: "PC508", message: fault });
    const outcome = await awaitPull({ ...context, pod, faultOf, startMs: startLimit(target) });
    const answered = ended(outcome);
    if (outcome.type !== "pulled") return answered;
    return { ...answered, ran: await whatRan(gateway, pod, outcome.ran) };
  } finally {
    await removeQuietly(gateway, pod);
  }
}

async function whatRan(
  gateway: Gateway,
  pod: Pod,
  ran: "exited" | "no shell" | "-",
): Promise<PullReport["ran"]> {
  if (ran !== "exited") return ran;
  const log = await readLog(gateway, pod, LOG_BYTES).catch(() => undefined);
  return log?.trim() === SUCCESS ? SUCCESS : "-";
}
