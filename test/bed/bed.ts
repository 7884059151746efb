import { join } from "node:path";
import type Docker from "dockerode";
import { newSshKey } from "../rig/new-ssh-key.ts";
import type { Building } from "./building.ts";
import { ensureClusterImages, upCluster } from "./cluster.ts";
import { connectDocker, createNetwork, execIn, labelledBeds, removeLabelled } from "./docker.ts";
import { ensureDocker } from "./host-tools.ts";
import { ensureImage } from "./images.ts";
import {
  type Bed,
  BedError,
  type BedExec,
  type BedState,
  CONTAINERDS,
  type Progress,
  type UpOptions,
} from "./model.ts";
import { knownHosts, planNodes, startNodes } from "./nodes.ts";
import {
  claimState,
  readState,
  removeState,
  stateNames,
  stillClaimed,
  writePrivate,
} from "./state.ts";

const MAX_NODES = 50;

/**
 * Brings a bed up. If that fails, everything it made is removed and BedError is thrown.
 * @throws BedError if the options make no sense, a bed of that name is there, or the machine lacks something
 */
export async function upBed(options: UpOptions): Promise<Bed> {
  const { name = "bed", nodes: count, onProgress: report = () => undefined } = options;
  check(name, count);
  const docker = connectDocker();
  await ensureDocker(docker, report);
  const claim = await claimState(name);
  const { dir } = claim;
  try {
    const network = await createNetwork(docker, name);
    const building: Building = {
      docker,
      options: { ...options, name },
      report,
      dir,
      network,
      userKey: newSshKey("ed25519", `pullcast-bed-${name}`),
      nodes: planNodes(name, count, network),
    };
    const state = await build(building);
    await writePrivate(join(dir, "bed.json"), `${JSON.stringify(state, undefined, 2)}\n`);
    return asBed(docker, state);
  } catch (error) {
    // Never a bed of the same name that came after this one was taken down.
    if (await stillClaimed(claim)) await downBed(name).catch(() => undefined);
    throw error;
  }
}

function check(name: string, nodes: number): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/.test(name)) {
    throw new BedError(`a bed can't be named "${name}": use 1 to 24 of a-z, 0-9 and -`);
  }
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new BedError(`a bed has 1 to ${MAX_NODES} nodes, not ${nodes}`);
  }
}

async function build(building: Building): Promise<BedState> {
  const { options, dir, nodes, userKey } = building;
  const ssh = {
    user: "root",
    sudoUser: "admin",
    plainUser: "guest",
    key: await writePrivate(join(dir, "id_ed25519"), userKey.private),
    knownHosts: await writePrivate(join(dir, "known_hosts"), knownHosts(nodes)),
  } as const;
  const base = { name: options.name, nodes: nodes.map(({ node }) => node), ssh };
  if (options.cluster) return { ...base, ...(await upCluster(building)) };
  await upHosts(building);
  return base;
}

/** As on real machines, where a container's own are not enough to mount. */
const PRIVILEGES = {
  CapAdd: ["ALL"],
  CapDrop: ["SYS_RESOURCE"],
  SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
};

async function upHosts({ docker, options, report, network, userKey, nodes }: Building) {
  const images = [await ensureImage(docker, "host", { report })];
  report(`starting ${nodes.length} nodes`);
  const { name: bed, shell = "dash", mayMount = false } = options;
  // As on hardened machines: nothing may run there.
  const extra = {
    HostConfig: {
      Tmpfs: { "/tmp": "noexec,nosuid,nodev" },
      ...(mayMount ? PRIVILEGES : {}),
    },
  };
  const recipe = { bed, images, network, shell, authorizedKey: userKey.public, extra };
  await startNodes(docker, recipe, nodes);
}

/** Builds all that beds need and that is kept between them: a daemon, images, Kubernetes. */
export async function prepareMachine(report: Progress): Promise<void> {
  const docker = connectDocker();
  await ensureDocker(docker, report);
  await ensureClusterImages(docker, {}, report);
  const tests = { kubelet: "kubelet-fastcache", containerd: CONTAINERDS } as const;
  await ensureClusterImages(docker, tests, report);
}

/** The bed of that name if it is up, else `undefined`. */
export async function findBed(name: string): Promise<Bed | undefined> {
  const state = await readState(name);
  return state === undefined ? undefined : asBed(connectDocker(), state);
}

/** All beds that are up. */
export async function listBeds(): Promise<Bed[]> {
  const beds = await Promise.all((await stateNames()).map(findBed));
  return beds.filter((bed) => bed !== undefined);
}

/** Names of everything that `down` could remove: beds that are up, and remains of beds that failed. */
export async function bedNames(): Promise<string[]> {
  const names = [...(await stateNames()), ...(await labelledBeds(connectDocker()))];
  return [...new Set(names)].sort();
}

/** Removes a bed: its containers, volumes, network and state. Absent is fine. */
export async function downBed(name: string): Promise<void> {
  await removeLabelled(connectDocker(), name);
  await removeState(name);
}

function asBed(docker: Docker, state: BedState): Bed {
  const exec: BedExec = async (nodeName, command, options) => {
    const node = state.nodes.find(({ name }) => name === nodeName);
    const container = nodeName === "control" ? state.control : node?.container;
    if (container === undefined) throw new BedError(`the bed ${state.name} has no ${nodeName}`);
    const result = await execIn(docker.getContainer(container), command, options);
    return {
      code: result.code,
      stdout: result.stdout.toString(),
      stderr: result.stderr.toString(),
    };
  };
  return { ...state, exec, down: () => downBed(state.name) };
}
