import pLimit from "p-limit";
import { apiRefusal, apiWords } from "../../cluster/api-http.ts";
import type { Gateway } from "../../cluster/gateway.ts";
import { deletePod, type Pod, podsPath } from "../../cluster/pods.ts";
import { PullcastError } from "../../errors.ts";
import type { PodReport } from "../../model.ts";

const AT_ONCE = 16;

interface PodsToRemove {
  /** All namespaces if absent. */
  readonly namespace?: string;
  /** A label selector. */
  readonly selector: string;
  /** Aborted: what was not begun is left. */
  readonly signal?: AbortSignal;
}

/**
 * Removes all pods of a selector at once.
 *
 * @returns what became of each
 * @throws PullcastError PC103 to PC106 if they can't be listed
 */
export async function removePods(gateway: Gateway, options: PodsToRemove): Promise<PodReport[]> {
  const path = options.namespace === undefined ? "/api/v1/pods" : podsPath(options.namespace);
  const query = `?labelSelector=${encodeURIComponent(options.selector)}`;
  const answer = await gateway.request("GET", `${path}${query}`);
  if (answer.status !== 200) throw apiRefusal(answer);
  const limit = pLimit(AT_ONCE);
  const pods = (answer.body as { items?: readonly Pod[] }).items ?? [];
  return await Promise.all(pods.map((pod) => limit(() => removeOne(gateway, pod, options.signal))));
}

async function removeOne(
  gateway: Gateway,
  pod: Pod,
  signal: AbortSignal | undefined,
): Promise<PodReport> {
  const { namespace, name } = pod.metadata;
  const { nodeName } = pod.spec;
  const base = { namespace, name, ...(nodeName === undefined ? {} : { node: nodeName }) };
  if (signal?.aborted)
    return { ...base, result: "failed", message: "the run was interrupted first" };
  try {
    const refusal = await deletePod(gateway, pod);
    if (refusal === undefined) return { ...base, result: "removed" };
    return {
      ...base,
      result: "failed",
      message: `HTTP ${refusal.status}: ${apiWords(refusal.body)}`,
    };
  } catch (error) {
    if (!(error instanceof PullcastError)) throw error;
    return { ...base, result: "failed", message: error.message };
  }
}

/** Removes one pod; the sweep at the run's end finds what is left, and says so. */
export async function removeQuietly(gateway: Gateway, pod: Pod): Promise<void> {
  try {
    await deletePod(gateway, pod);
  } catch (error) {
    if (!(error instanceof PullcastError)) throw error;
  }
}
