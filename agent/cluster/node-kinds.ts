import type { ClusterNode, SkippedNode } from "../model.ts";

/** Clouds that replace nodes, so that files on them don't last. */
export type Cloud = "GKE" | "EKS" | "AKS";

/** Why a node can't be served by files, or `undefined`. */
export function skipReason(node: ClusterNode): SkippedNode | undefined {
  const { name, labels } = node;
  if (node.os === "windows" || labels["kubernetes.io/os"] === "windows") {
    return { name, code: "PC115", message: "it runs Windows" };
  }
  const virtual = virtualReason(node);
  return virtual === undefined ? undefined : { name, code: "PC116", message: virtual };
}

function virtualReason({ labels, providerId, kubeletVersion }: ClusterNode): string | undefined {
  const { type } = labels;
  if (type === "virtual-kubelet") return "its label type=virtual-kubelet says so";
  if (labels["kubernetes.azure.com/virtual-node"] !== undefined)
    return "it is an Azure virtual node";
  if (labels["eks.amazonaws.com/compute-type"] === "fargate") return "it is a Fargate node";
  if (/\/fargate-/.test(providerId)) return "it is a Fargate node";
  return /virtual-kubelet|-vk-/.test(kubeletVersion) ? "its kubelet is a virtual one" : undefined;
}

/** The managed cloud a node belongs to: by its labels, or by its provider ID and osImage. */
export function cloudOf({ labels, providerId, osImage }: ClusterNode): Cloud | undefined {
  if (labels["cloud.google.com/gke-nodepool"] !== undefined) return "GKE";
  if (providerId.startsWith("gce://") && /Container-Optimized OS/i.test(osImage)) return "GKE";
  if (labels["kubernetes.azure.com/cluster"] !== undefined) return "AKS";
  if (providerId.startsWith("azure://") && /\/mc_/i.test(providerId)) return "AKS";
  const ofEks = Object.keys(labels).some(
    (label) => label.startsWith("eks.amazonaws.com/") || label.startsWith("alpha.eksctl.io/"),
  );
  return ofEks && (providerId === "" || providerId.startsWith("aws://")) ? "EKS" : undefined;
}

/** Whether OpenShift's machine-config operator owns the node's files. */
export function isOpenShift({ labels, annotations, osImage }: ClusterNode): boolean {
  if (labels["node.openshift.io/os_id"] !== undefined) return true;
  if (/^Red Hat Enterprise Linux CoreOS/.test(osImage)) return true;
  return Object.keys(annotations).some((key) =>
    key.startsWith("machineconfiguration.openshift.io/"),
  );
}

/** Whether a node runs the cluster's own API server and what belongs to it, as kubeadm labels it. */
export function isControlPlane(node: Pick<ClusterNode, "labels"> | undefined): boolean {
  if (node === undefined) return false;
  return (
    "node-role.kubernetes.io/control-plane" in node.labels ||
    "node-role.kubernetes.io/master" in node.labels
  );
}
