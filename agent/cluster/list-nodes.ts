import type { ClusterNode } from "../model.ts";
import { type KubectlSettings, runKubectl } from "./kubectl.ts";
import { NODES_JSONPATH, parseNodeRecords } from "./node-records.ts";

interface ListOptions {
  /** kubectl's `-l`. */
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly signal: AbortSignal;
}

/**
 * Lists the cluster's nodes with one `kubectl get nodes -o jsonpath=…`, in the API server's order.
 *
 * @throws PullcastError PC001, PC101 to PC106; the signal's reason after an abort
 */
export async function listNodes(
  kubectl: KubectlSettings,
  options: ListOptions,
): Promise<ClusterNode[]> {
  const args = ["get", "nodes", `--output=jsonpath=${NODES_JSONPATH}`];
  if (options.selector !== undefined) args.push(`--selector=${options.selector}`);
  if (options.fieldSelector !== undefined) args.push(`--field-selector=${options.fieldSelector}`);
  return parseNodeRecords(await runKubectl(kubectl, args, { signal: options.signal }));
}
