import type Docker from "dockerode";
import { kubeconfig } from "./api-server.ts";
import type { ControlPlane } from "./control-plane.ts";
import { LABEL } from "./docker.ts";
import type { BedNode } from "./model.ts";
import type { TarEntry } from "./tar.ts";

/** File systems that can't be layered on the container's own. */
const VOLUMES = ["/var/lib/containerd", "/var/lib/kubelet"] as const;

/** What systemd, containerd and a kubelet need from docker; short of --privileged, which not every machine grants. */
export function machineOptions(bed: string): Partial<Docker.ContainerCreateOptions> {
  return {
    HostConfig: {
      Init: false,
      CapAdd: ["ALL"],
      CapDrop: ["SYS_RESOURCE"],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      Tmpfs: { "/run": "", "/run/lock": "" },
      Mounts: VOLUMES.map((Target) => ({
        Type: "volume",
        Source: "",
        Target,
        VolumeOptions: {
          NoCopy: false,
          Labels: { [LABEL]: bed },
          DriverConfig: { Name: "local", Options: {} },
        },
      })),
    },
  };
}

/** How one node reaches the API server and the registries, and its pods' network. */
export function clusterFiles(plan: ControlPlane, node: BedNode, index: number): TarEntry[] {
  const access = plan.nodeAccess(node.name);
  return [
    { path: "etc/kubernetes/kubelet.conf", data: kubeconfig(access, "bed"), mode: 0o600 },
    { path: "etc/cni/net.d/10-bed.conflist", data: podNetwork(index) },
    { path: "etc/containerd/bed-ca.crt", data: access.ca },
    ...[plan.registry.host, plan.registry.publicHost].map((host) => ({
      path: `etc/containerd/certs.d/${host}/hosts.toml`,
      data: hostsToml(host),
    })),
  ];
}

/** The CA stands twice: after a 404 containerd 1.6 asks `server` itself, with what the top level says. */
function hostsToml(host: string): string {
  return `server = "https://${host}"
ca = "/etc/containerd/bed-ca.crt"
[host."https://${host}"]
  capabilities = ["pull", "resolve"]
  ca = "/etc/containerd/bed-ca.crt"
`;
}

function podNetwork(index: number): string {
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    ipMasq: true,
    ipam: {
      type: "host-local",
      ranges: [[{ subnet: `10.244.${index}.0/24` }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  return JSON.stringify({ cniVersion: "0.4.0", name: "bed", plugins: [bridge] });
}
