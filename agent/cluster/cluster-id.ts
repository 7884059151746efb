import { PullcastError } from "../errors.ts";
import { type KubectlSettings, runKubectl } from "./kubectl.ts";

/** A cluster that doesn't answer must not hold up what works without it. */
const TIMEOUT_MS = 10_000;

/**
 * What tells a cluster from all others, whatever its address: the UID of its namespace kube-system.
 *
 * @throws PullcastError PC101 to PC106; the signal's reason after an abort
 */
export async function readClusterId(
  kubectl: KubectlSettings,
  signal: AbortSignal,
): Promise<string> {
  const args = ["get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}"];
  const uid = await runKubectl(kubectl, args, { signal, timeoutMs: TIMEOUT_MS });
  if (/^[0-9a-f-]{36}$/.test(uid)) return uid;
  throw new PullcastError("PC105", { detail: "the namespace kube-system has no UID" });
}
