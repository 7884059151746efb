import { setMaxListeners } from "node:events";
import pLimit from "p-limit";
import { openGateway } from "../../cluster/gateway.ts";
import { watchPods } from "../../cluster/pod-watch.ts";
import type { Target } from "../../model.ts";
import { runSelector } from "../pod-frame.ts";
import { sweepPods } from "../sweep-pods.ts";
import type { PodOutcome } from "../verify/await-pull.ts";
import type { PullPolicy } from "../verify/test-pod.ts";
import { tryPod } from "../verify/try-pod.ts";
import type { PreloadOptions } from "./model.ts";

/** Of a run's, at once. */
const PODS_AT_ONCE = 20;

interface TestPodsOptions {
  readonly run: string;
  readonly options: Pick<PreloadOptions, "kubectl" | "signal" | "report">;
  readonly namespace: string;
  /** The longest all of them take, ms. */
  readonly timeoutMs: number;
  readonly policy: PullPolicy;
}

/** Starts a pod of an image on a node, and tells what became of it. */
type StartPod = (target: Target, image: string) => Promise<PodOutcome>;

/**
 * Lets work start pods on nodes, some at once; they are removed at the end.
 *
 * @throws PullcastError PC1xx where the cluster is lost
 */
export async function withTestPods<Value>(
  { run, options, namespace, timeoutMs, policy }: TestPodsOptions,
  work: (start: StartPod) => Promise<Value>,
): Promise<Value> {
  const { signal, report, kubectl } = options;
  const gateway = await openGateway(kubectl, signal);
  setMaxListeners(0, signal);
  const watch = watchPods(gateway, { namespace, selector: runSelector(run) });
  const limit = pLimit(PODS_AT_ONCE);
  let pods = 0;
  const context = {
    ...{ gateway, watch, namespace, run, signal, policy },
    deadline: new Date(Date.now() + timeoutMs),
    deadlineSeconds: Math.ceil(timeoutMs / 1000) + 60,
    nextIndex: () => pods++,
  };
  try {
    return await work((target, image) =>
      limit(async () => (await tryPod(target, { ...context, image })).outcome),
    );
  } finally {
    await watch.close();
    if (pods > 0) await sweepPods(gateway, { namespace, run, pods, report });
    await gateway.close();
  }
}
