import { once } from "node:events";
import { createConnection } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import pLimit from "p-limit";
import { newSshKey, type SshKeyPair } from "../rig/new-ssh-key.ts";
import { type BedNetwork, LABEL } from "./docker.ts";
import { BedError, type BedNode, type Shell } from "./model.ts";
import { allEnded } from "./progress.ts";
import { type TarEntry, tar } from "./tar.ts";

const SSH_PORT = 22;
const FIRST_NODE = 10;
const PARALLEL_STARTS = 8;
const SSHD_LIMIT_MS = 60_000;

const SHELLS: Readonly<Record<Shell, string>> = {
  dash: "dash",
  bash: "bash",
  busybox: "busybox",
};

/** A node about to be made: its place on the network and its host keys. */
export interface PlannedNode {
  readonly node: BedNode;
  readonly hostKeys: { readonly ed25519: SshKeyPair; readonly ecdsa: SshKeyPair };
}

/** Names, addresses and host keys of the nodes to come. */
export function planNodes(bed: string, count: number, network: BedNetwork): PlannedNode[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${bed}-${index + 1}`;
    return {
      node: {
        name,
        address: `${network.prefix}.${FIRST_NODE + index}`,
        port: SSH_PORT,
        container: `pullcast-${name}`,
      },
      hostKeys: {
        ed25519: newSshKey("ed25519"),
        ecdsa: newSshKey("ecdsa"),
      },
    };
  });
}

/** The text of a known_hosts file for these nodes. */
export function knownHosts(nodes: readonly PlannedNode[]): string {
  const lines = nodes.flatMap(({ node, hostKeys }) =>
    [hostKeys.ed25519, hostKeys.ecdsa].map((key) => `${node.address} ${key.public.trim()}\n`),
  );
  return lines.join("");
}

/** How the containers of nodes are made. */
export interface NodeRecipe {
  readonly bed: string;
  /** Nodes have them in turn. */
  readonly images: readonly string[];
  readonly network: BedNetwork;
  readonly shell: Shell;
  /** Public key that logs in as every user. */
  readonly authorizedKey: string;
  /** What a machine with systemd, containerd and a kubelet needs besides. */
  readonly extra?: Partial<Docker.ContainerCreateOptions>;
  /** More files for one node. */
  readonly files?: (node: BedNode, index: number) => readonly TarEntry[];
}

/** Starts all nodes and waits until each one's sshd speaks. */
export async function startNodes(
  docker: Docker,
  recipe: NodeRecipe,
  nodes: readonly PlannedNode[],
): Promise<void> {
  const limit = pLimit(PARALLEL_STARTS);
  await allEnded(
    nodes.map(async (planned, index) => {
      await limit(() => startNode(docker, recipe, { planned, index }));
      await sshdSpeaks(planned.node);
    }),
  );
}

async function startNode(
  docker: Docker,
  recipe: NodeRecipe,
  { planned, index }: { planned: PlannedNode; index: number },
): Promise<void> {
  const { node, hostKeys } = planned;
  const { extra = {} } = recipe;
  const container = await docker.createContainer({
    ...extra,
    name: node.container,
    Hostname: node.name,
    Image: recipe.images[index % recipe.images.length],
    Labels: { [LABEL]: recipe.bed },
    HostConfig: { Init: true, ...extra.HostConfig, NetworkMode: recipe.network.name },
    NetworkingConfig: {
      EndpointsConfig: {
        [recipe.network.name]: {
          IPAMConfig: { IPv4Address: node.address },
          Aliases: [node.name],
        },
      },
    },
  });
  const files: TarEntry[] = [
    { path: "etc/ssh/ssh_host_ed25519_key", data: hostKeys.ed25519.private, mode: 0o600 },
    { path: "etc/ssh/ssh_host_ed25519_key.pub", data: `${hostKeys.ed25519.public}\n` },
    { path: "etc/ssh/ssh_host_ecdsa_key", data: hostKeys.ecdsa.private, mode: 0o600 },
    { path: "etc/ssh/ssh_host_ecdsa_key.pub", data: `${hostKeys.ecdsa.public}\n` },
    { path: "etc/ssh/bed_authorized_keys", data: `${recipe.authorizedKey}\n` },
    { path: "etc/machine-id", data: `${crypto.randomUUID().replaceAll("-", "")}\n`, mode: 0o444 },
    { path: "usr/bin/sh", link: SHELLS[recipe.shell], mode: 0o777 },
    ...(recipe.files?.(node, index) ?? []),
  ];
  await container.putArchive(tar(files), { path: "/" });
  await container.start();
}

/** Waits until something at the node's port says that it is SSH. */
async function sshdSpeaks({ name, address, port }: BedNode): Promise<void> {
  const deadline = Date.now() + SSHD_LIMIT_MS;
  while (!(await greets(address, port))) {
    if (Date.now() > deadline) {
      throw new BedError(`sshd of ${name} does not answer at ${address}:${port}`);
    }
    // A refused connection is no event to wait on.
    await delay(50);
  }
}

async function greets(host: string, port: number): Promise<boolean> {
  const socket = createConnection({ host, port });
  try {
    const [chunk] = (await once(socket, "data", { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return chunk.toString().startsWith("SSH-");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
