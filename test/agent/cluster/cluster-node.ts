import type { ClusterNode } from "../../../agent/model.ts";

/** A Linux node called n1 that is Ready, but for what is given. */
export function clusterNode(fields: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name: "n1",
    uid: `uid-${fields.name ?? "n1"}`,
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    ready: true,
    unschedulable: false,
    labels: {},
    annotations: {},
    taints: [],
    providerId: "",
    runtime: "containerd://1.7.2",
    os: "linux",
    osImage: "Debian GNU/Linux 12 (bookworm)",
    arch: "amd64",
    kubeletVersion: "v1.35.4",
    machineId: "",
    systemUuid: "",
    bootId: "",
    ...fields,
  };
}
