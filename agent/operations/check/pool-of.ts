import { isControlPlane } from "../../cluster/node-kinds.ts";
import type { ClusterNode } from "../../model.ts";

/** What tools that make nodes name their pools by; the first that a node has counts. */
const POOL_LABELS: readonly string[] = [
  "karpenter.sh/nodepool",
  "eks.amazonaws.com/nodegroup",
  "cloud.google.com/gke-nodepool",
  "kubernetes.azure.com/agentpool",
  "kops.k8s.io/instancegroup",
  "node.cluster.x-k8s.io/pool",
  "cluster.x-k8s.io/pool-name",
  "node.kubernetes.io/instance-group",
];

/** The pool that a node was made for, for people; nodes without a label are apart by what they are. */
export function poolOf(node: ClusterNode): string {
  for (const label of POOL_LABELS) {
    const pool = node.labels[label];
    if (pool !== undefined && pool !== "") return pool;
  }
  return isControlPlane(node) ? "control plane" : "nodes";
}
