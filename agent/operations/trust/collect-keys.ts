import type { Gateway } from "../../cluster/gateway.ts";
import type { PodWatch } from "../../cluster/pod-watch.ts";
import { type Pod, readLog } from "../../cluster/pods.ts";
import type { Code } from "../../errors.ts";
import type { Target } from "../../model.ts";
import { cleanText } from "../../util/clean-text.ts";
import { frameFault, isOwnPod, newPodToken } from "../pod-frame.ts";
import { awaitPull, type PodOutcome, startLimit } from "../verify/await-pull.ts";
import { createPod } from "../verify/create-pod.ts";
import { removeQuietly } from "../verify/remove-pods.ts";
import { buildKeyPod } from "./key-pod.ts";
import { parseHostKeys } from "./parse-keys.ts";

/** What all nodes of a run share. */
export interface CollectContext {
  readonly gateway: Gateway;
  readonly watch: PodWatch;
  readonly namespace: string;
  readonly run: string;
  readonly image: string;
  readonly deadline: Date;
  readonly deadlineSeconds: number;
  /** Numbers the run's pods. */
  readonly nextIndex: () => number;
  readonly signal: AbortSignal;
}

/** The host keys of a node as its kubelet shows them, or why there are none. */
export type CollectedKeys =
  | { readonly type: "keys"; readonly blobs: readonly Buffer[] }
  | {
      readonly type: "failed";
      readonly code: Code;
      readonly message: string;
      readonly fix?: string;
    }
  | { readonly type: "stopped" };

/** Three public keys, RSA with 16,384 bits among them, and what cat says of missing ones. */
const LOG_BYTES = 16 * 1024;

/**
 * Reads the public host keys of a node by a short pod on it, and removes the pod.
 *
 * @throws PullcastError PC103 to PC105 where the cluster is lost
 */
export async function collectKeys(target: Target, context: CollectContext): Promise<CollectedKeys> {
  const { gateway, namespace, image, signal, run, deadlineSeconds } = context;
  const token = newPodToken();
  const node = target.name;
  const creation = await createPod(gateway, {
    namespace,
    signal,
    isOwn: (pod) => isOwnPod(pod, token),
    pod: buildKeyPod({ run, node, image, index: context.nextIndex(), token, deadlineSeconds }),
  });
  if ("refusal" in creation) return refused(creation.refusal);
  const { pod } = creation;
  try {
    const faultOf = (seen: Pod) => frameFault(seen, { image, node, token });
    const fault = faultOf(pod);
    if (fault !== undefined) return { type: "failed", code: "PC508", message: fault };
    const outcome = await awaitPull({ ...context, pod, faultOf, startMs: startLimit(target) });
    return outcome.type === "pulled" ? await readKeys(gateway, pod) : notRun(outcome);
  } finally {
    await removeQuietly(gateway, pod);
  }
}

/** Pod security below "privileged" allows no hostPath. */
function refused({
  code,
  message,
}: {
  readonly code: Code;
  readonly message: string;
}): CollectedKeys {
  const isPolicy = /hostPath|PodSecurity|violates/i.test(message);
  const fix = "give a namespace whose pod security allows hostPath, for instance -n kube-system";
  return { type: "failed", code, message, ...(isPolicy ? { fix } : {}) };
}

function notRun(outcome: Exclude<PodOutcome, { type: "pulled" }>): CollectedKeys {
  switch (outcome.type) {
    case "stopped":
      return { type: "stopped" };
    case "refused":
      return {
        type: "failed",
        code: "PC250",
        message: outcome.message,
        fix: "give an --image that the nodes have or may pull; it needs cat and nothing else",
      };
    case "broken":
      return {
        type: "failed",
        code: outcome.code === "PC507" ? "PC250" : outcome.code,
        message: outcome.message,
      };
  }
}

async function readKeys(gateway: Gateway, pod: Pod): Promise<CollectedKeys> {
  const log = await readLog(gateway, pod, LOG_BYTES);
  if (log === undefined) return { type: "failed", code: "PC250", message: "its log can't be read" };
  const blobs = parseHostKeys(log);
  if (blobs.length > 0) return { type: "keys", blobs };
  const said = cleanText(log, 200);
  return { type: "failed", code: "PC251", message: said === "" ? "the pod printed nothing" : said };
}
