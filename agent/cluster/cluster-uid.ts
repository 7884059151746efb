import { PullcastError } from "../errors.ts";
import { type KubectlSettings, runKubectl } from "./kubectl.ts";

/**
 * What tells one cluster from all others: the UID of its namespace kube-system, which lives as long as it.
 *
 * @returns `undefined` where it can't be asked, or this login may not see it
 * @throws the signal's reason after an abort
 */
export async function readClusterUid(
  kubectl: KubectlSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const args = ["get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}"];
  try {
    const uid = await runKubectl(kubectl, args, { signal });
    return /^[A-Za-z0-9-]{1,128}$/.test(uid) ? uid : undefined;
  } catch (error) {
    if (error instanceof PullcastError) return undefined;
    throw error;
  }
}
