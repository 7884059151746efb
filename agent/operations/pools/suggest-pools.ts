import { readClusterId } from "../../cluster/cluster-id.ts";
import { readContext } from "../../cluster/context.ts";
import type { KubectlSettings } from "../../cluster/kubectl.ts";
import { listNodes } from "../../cluster/list-nodes.ts";
import { isControlPlane, skipReason } from "../../cluster/node-kinds.ts";
import type { ClusterNode } from "../../model.ts";

/** Labels by which installers and clouds tell pools apart, the most telling first. */
const POOL_LABELS = [
  "eks.amazonaws.com/nodegroup",
  "karpenter.sh/nodepool",
  "cloud.google.com/gke-nodepool",
  "kubernetes.azure.com/agentpool",
  "kops.k8s.io/instancegroup",
  "node.cluster.x-k8s.io/machine-deployment",
  "node.kubernetes.io/pool",
  "nodepool",
  "pool",
] as const;

const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/** A group of nodes that belong together. */
export interface SuggestedPool {
  readonly name: string;
  /** As `kubectl get -l`; absent for all nodes. */
  readonly selector?: string;
  readonly nodes: number;
}

/** A cluster as a file of pools begins with it. */
export interface ClusterPools {
  /** The UID of the namespace kube-system. */
  readonly id: string;
  /** kubectl's context; absent where there is no kubeconfig. */
  readonly context?: string;
  readonly pools: readonly SuggestedPool[];
}

/**
 * Finds the pools of a cluster by its nodes' labels; the control plane comes last.
 *
 * @throws {PullcastError} PC101 to PC106
 */
export async function suggestPools(
  kubectl: KubectlSettings,
  signal: AbortSignal,
): Promise<ClusterPools> {
  const [id, context, nodes] = await Promise.all([
    readClusterId(kubectl, signal),
    readContext(kubectl, signal),
    listNodes(kubectl, { signal }),
  ]);
  const served = nodes.filter((node) => skipReason(node) === undefined);
  const { name } = context ?? {};
  return { id, ...(name === undefined ? {} : { context: name }), pools: poolsOf(served) };
}

/** The pools that these nodes' labels tell of. */
export function poolsOf(nodes: readonly ClusterNode[]): SuggestedPool[] {
  const controlPlane = nodes.filter(isControlPlane);
  const workers = nodes.filter((node) => !isControlPlane(node));
  const labelled = controlPlane.filter(({ labels }) => CONTROL_PLANE in labels);
  if (labelled.length < controlPlane.length || workers.length === 0 || labelled.length === 0) {
    return byLabel(nodes) ?? [{ name: "all", nodes: nodes.length }];
  }
  return [
    ...(byLabel(workers) ?? [
      { name: "workers", selector: `!${CONTROL_PLANE}`, nodes: workers.length },
    ]),
    { name: "control-plane", selector: CONTROL_PLANE, nodes: labelled.length },
  ];
}

/** A pool for each value of the first label that all of these nodes have. */
function byLabel(nodes: readonly ClusterNode[]): SuggestedPool[] | undefined {
  const label = POOL_LABELS.find((one) => nodes.every(({ labels }) => isName(labels[one])));
  if (label === undefined || nodes.length === 0) return undefined;
  const values = [...new Set(nodes.map(({ labels }) => labels[label] ?? ""))].sort();
  return values.map((value) => ({
    name: value.toLowerCase(),
    selector: `${label}=${value}`,
    nodes: nodes.filter(({ labels }) => labels[label] === value).length,
  }));
}

/** A value that can name a pool. */
function isName(value: string | undefined): boolean {
  return value !== undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value);
}
