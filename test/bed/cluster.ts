import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { defaultAccountReady, kubeconfig, nodesReady } from "./api-server.ts";
import type { Building } from "./building.ts";
import { makePki } from "./certificates.ts";
import { clusterFiles, machineOptions } from "./cluster-node.ts";
import {
  type ControlPlane,
  controlAddress,
  planControlPlane,
  startControlPlane,
} from "./control-plane.ts";
import { mustExec } from "./docker.ts";
import { ensureHostTools } from "./host-tools.ts";
import { ensureImage } from "./images.ts";
import { checkInotify } from "./inotify.ts";
import { ensureKube, ensureKubelet } from "./kube.ts";
import type { BedImage, BedRegistry, BedState, Containerd, Progress, UpOptions } from "./model.ts";
import { startNodes } from "./nodes.ts";
import { allEnded } from "./progress.ts";
import { pushImage } from "./push-image.ts";
import { writePrivate } from "./state.ts";
import type { TarEntry } from "./tar.ts";

type ClusterState = Required<
  Pick<BedState, "kubeconfig" | "kubectl" | "control" | "registry" | "dockerConfig">
>;

interface ClusterImages {
  readonly control: string;
  /** Nodes have them in turn. */
  readonly nodes: readonly string[];
  /** Path of kubectl on this machine. */
  readonly kubectl: string;
}

/** Starts a control plane, registries with images, and nodes that join; waits until every node is Ready. */
export async function upCluster(building: Building): Promise<ClusterState> {
  const { docker, dir, report, options, nodes, network } = building;
  await ensureHostTools(["openssl"], report);
  checkInotify(nodes.length);
  const images = await ensureClusterImages(docker, options, report);
  const pki = await makePki(join(dir, "pki"), controlAddress(building));
  const plan = planControlPlane(building, pki);
  const ca = await writePrivate(join(dir, "ca.crt"), pki.ca);

  report(`starting the control plane, the registries and ${nodes.length} nodes`);
  const recipe = {
    bed: options.name,
    images: images.nodes,
    network,
    shell: options.shell ?? "dash",
    authorizedKey: building.userKey.public,
    extra: machineOptions(options.name),
    files: clusterFiles.bind(undefined, plan),
  };
  const [pushed] = await allEnded([
    startControlPlane(building, plan, images.control).then((control) =>
      fillRegistries(control, plan),
    ),
    startNodes(docker, recipe, nodes),
  ]);
  report("waiting until every node is Ready");
  await nodesReady(
    plan.admin,
    nodes.map(({ node }) => node.name),
  );
  await defaultAccountReady(plan.admin);
  return await writeAccess(building, plan, { ca, pushed, kubectl: images.kubectl });
}

/** Releases of Debian that have these lines of containerd; none: the nodes' own has it. */
const CONTAINERD_SUITES: Readonly<Record<Containerd, string>> = {
  "1.6": "",
  "1.7": "trixie",
  "2": "forky",
};

/** Gives the images of a cluster's containers, building what is missing. */
export async function ensureClusterImages(
  docker: Docker,
  want: Pick<UpOptions, "kubelet" | "containerd">,
  report: Progress,
): Promise<ClusterImages> {
  const { kube, kubectl } = await ensureKube(report);
  const kubelet = await ensureKubelet(want.kubelet ?? "kubelet", report);
  const host = await ensureImage(docker, "host", { report });
  const file = async (path: string, from: string) => ({
    path,
    data: await readFile(from),
    mode: 0o755,
  });
  const control = await ensureImage(docker, "control", {
    report,
    files: [await file("kube", kube), await file("kubectl", kubectl)],
  });
  const node = await ensureImage(docker, "node", {
    report,
    base: host,
    files: [await file("kubelet", kubelet)],
  });
  const nodes: string[] = [];
  for (const line of want.containerd ?? ["1.6"]) {
    const suite = CONTAINERD_SUITES[line];
    const args = { SUITE: suite };
    nodes.push(
      suite === "" ? node : await ensureImage(docker, "containerd", { report, base: node, args }),
    );
  }
  return { control, nodes, kubectl };
}

/** Pushes the bed's images, each with content of its own. */
async function fillRegistries(control: Docker.Container, plan: ControlPlane): Promise<BedImage[]> {
  const { host, publicHost, user, password } = plan.registry;
  const busybox = await mustExec(control, ["cat", "/bin/busybox"]);
  const content = (): TarEntry => ({ path: "content", data: `${randomUUID()}\n` });
  const shell: TarEntry[] = [
    { path: "bin/" },
    { path: "bin/busybox", data: busybox, mode: 0o755 },
    ...["cat", "echo", "sh", "sleep", "true"].map((name) => ({
      path: `bin/${name}`,
      link: "busybox",
      mode: 0o777,
    })),
  ];
  const locked = { host, ca: plan.admin.ca, user, password };
  const open = { host: publicHost, ca: plan.admin.ca };
  const pushes = [
    { target: locked, name: "team/shell:1", shell: true, public: false },
    { target: locked, name: "team/no-shell:1", shell: false, public: false },
    { target: open, name: "open/shell:1", shell: true, public: true },
  ];
  return await Promise.all(
    pushes.map(async ({ target, name, ...kind }) => {
      const files = [content(), ...(kind.shell ? shell : [])];
      const entrypoint = kind.shell ? ["/bin/sh"] : ["/absent"];
      const { ref } = await pushImage(target, { name, files, entrypoint });
      return { ref, ...kind };
    }),
  );
}

async function writeAccess(
  { dir, options }: Building,
  plan: ControlPlane,
  made: { ca: string; pushed: readonly BedImage[]; kubectl: string },
): Promise<ClusterState> {
  const registry: BedRegistry = { ...plan.registry, ca: made.ca, images: made.pushed };
  const { host, user, password } = registry;
  const auth = Buffer.from(`${user}:${password}`).toString("base64");
  const login = JSON.stringify({ auths: { [host]: { auth } } }, undefined, 2);
  await mkdir(join(dir, "docker"), { mode: 0o700 });
  return {
    kubeconfig: await writePrivate(
      join(dir, "kubeconfig"),
      kubeconfig(plan.admin, `pullcast-bed-${options.name}`),
    ),
    kubectl: made.kubectl,
    control: plan.container,
    registry,
    dockerConfig: await writePrivate(join(dir, "docker", "config.json"), `${login}\n`),
  };
}
