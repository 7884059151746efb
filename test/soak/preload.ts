import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { PreloadReport } from "../../agent/index.ts";
import {
  type Bed,
  CONTAINERDS,
  ensureHostTools,
  type PushTarget,
  pushImage,
  upBed,
} from "../bed/index.ts";
import { type TarEntry, tar } from "../bed/tar.ts";
import { newCliUser, PULLCAST } from "../e2e/cli.ts";
import { cutSessions } from "../e2e/cut-sessions.ts";
import { seeded } from "../rig/seeded.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const NODES = 6;
const LAYERS = 8;
const LAYER_BYTES = 70_000_000;
/** The layer that a new tag changes. */
const SMALL_BYTES = 10_000_000;
const TEN = 10;
const CTR = "ctr -n k8s.io";

const run = promisify(execFile);

/**
 * An image of 500 MB in 8 layers, and a new tag that changes one of 10 MB, to six nodes: pullcast preload beside
 * `docker save | ssh ctr import` to all at once, in the same run. Then ten images at once to all: how often the registry
 * is asked for a blob. Then so many cuts (`points`) of one node's link while it is sent, for each line of containerd:
 * what travels in all, and what is left.
 */
export async function preload({
  points,
  seed,
  onProgress = () => undefined,
}: SoakOptions): Promise<Evidence> {
  await ensureHostTools(["time", "ssh"], onProgress);
  const bed = await upBed({
    ...{ name: `pre-${process.pid}`, nodes: NODES, cluster: true, onProgress },
    containerd: CONTAINERDS,
  });
  const dir = await mkdtemp(join(tmpdir(), "pullcast-preload-"));
  const user = await newCliUser();
  const scene: Scene = { bed, dir, home: user.home };
  try {
    onProgress("making the images");
    const big = Array.from({ length: LAYERS - 1 }, () => randomBytes(LAYER_BYTES));
    const images = {
      first: await makeImage(scene, "1", [...big, randomBytes(SMALL_BYTES)]),
      second: await makeImage(scene, "2", [...big, randomBytes(SMALL_BYTES)]),
    };
    const rounds: Record<string, Evidence> = {};
    for (const [round, image] of Object.entries(images)) {
      const ours = await byPullcast(scene, image);
      onProgress(`${round}: pullcast ${JSON.stringify(ours)}`);
      rounds[round] = { pullcast: ours };
    }
    await forget(bed);
    // As before, with nothing on this machine.
    await rm(join(dir, "cache"), { recursive: true });
    for (const [round, image] of Object.entries(images)) {
      const ingest = await byPullcast(scene, image, "--way", "ingest");
      onProgress(`${round}: pullcast --way ingest ${JSON.stringify(ingest)}`);
      rounds[round] = { ...rounds[round], pullcastIngest: ingest };
    }
    await forget(bed);
    for (const [round, image] of Object.entries(images)) {
      const peer = await byDocker(scene, image);
      onProgress(`${round}: docker save | ssh ctr import ${JSON.stringify(peer)}`);
      rounds[round] = {
        ...rounds[round],
        dockerSaveSshCtrImport: peer,
        ratios: ratios(rounds[round]?.["pullcast"] as Cost, peer),
      };
    }
    await forget(bed);
    const ten = await tenAtOnce(scene);
    onProgress(`ten images: ${JSON.stringify(ten)}`);
    const cuts: Record<string, Evidence> = {};
    for (const [index, line] of CONTAINERDS.entries()) {
      await forget(bed);
      const node = bed.nodes[index]?.name ?? "";
      onProgress(`cutting the link of ${node}, containerd ${line}`);
      cuts[line] = await withCuts(scene, { ...images.first, node }, { points, seed, onProgress });
    }
    return {
      nodes: NODES,
      containerd: CONTAINERDS.join(", "),
      layers: LAYERS,
      ...rounds,
      ten,
      cuts,
    };
  } finally {
    for (const tag of ["1", "2"])
      await run("docker", ["rmi", "-f", peerTag(bed, tag)]).catch(() => undefined);
    await user.remove();
    await bed.down();
    await rm(dir, { recursive: true });
  }
}

interface Scene {
  readonly bed: Bed;
  readonly dir: string;
  readonly home: string;
}

interface SoakImage {
  readonly ref: string;
  readonly peer: string;
}

const peerTag = (bed: Bed, tag: string) => `${bed.registry?.host}/soak/peer:${tag}`;

async function registryOf({ registry }: Bed): Promise<PushTarget> {
  if (registry === undefined) throw new Error("the bed has no registry");
  const { host, user, password } = registry;
  return { host, user, password, ca: await readFile(registry.ca, "utf8") };
}

/** The same layers at the registry and in this machine's docker. */
async function makeImage(
  { bed, dir }: Scene,
  tag: string,
  datas: readonly Buffer[],
): Promise<SoakImage> {
  const layers = datas.map((data, index): TarEntry[] => [{ path: `layer-${index}`, data }]);
  const { ref } = await pushImage(await registryOf(bed), {
    name: `soak/app:${tag}`,
    below: layers.slice(0, -1),
    files: layers.at(-1) ?? [],
  });
  await loadIntoDocker(join(dir, `${tag}.tar`), peerTag(bed, tag), layers);
  return { ref, peer: peerTag(bed, tag) };
}

async function loadIntoDocker(file: string, name: string, layers: readonly TarEntry[][]) {
  const tars = layers.map((entries) => tar(entries));
  const ids = tars.map((one) => createHash("sha256").update(one).digest("hex"));
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: ids.map((id) => `sha256:${id}`) },
  });
  const manifest = [
    { Config: "config.json", RepoTags: [name], Layers: ids.map((id) => `${id}/layer.tar`) },
  ];
  const out = createWriteStream(file);
  const small = tar([
    { path: "config.json", data: config },
    { path: "manifest.json", data: JSON.stringify(manifest) },
  ]);
  // Without the end of an archive, so that more may follow.
  out.write(small.subarray(0, small.length - 1024));
  for (const [index, data] of tars.entries()) {
    const one = tar([{ path: `${ids[index]}/layer.tar`, data }]);
    out.write(one.subarray(0, one.length - 1024));
  }
  await new Promise<void>((resolve) => out.end(Buffer.alloc(1024), resolve));
  await run("docker", ["load", "-q", "-i", file]);
  await rm(file);
}

interface Cost {
  readonly seconds: number;
  readonly clientCpuSeconds: number;
  readonly mbPerNode: number;
}

async function received(bed: Bed): Promise<number> {
  const each = await Promise.all(
    bed.nodes.map(async ({ name }) => {
      const { stdout } = await bed.exec(name, ["cat", "/sys/class/net/eth0/statistics/rx_bytes"]);
      return Number(stdout);
    }),
  );
  return each.reduce((sum, one) => sum + one, 0);
}

/** Runs a command; what it took, and what nodes received meanwhile. */
async function measured({ bed, home }: Scene, command: readonly string[]) {
  const before = await received(bed);
  const env = { PATH: process.env["PATH"] ?? "", HOME: home };
  const child = spawn("time", ["-f", "%e %U %S", ...command], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number>((resolve) => child.on("close", resolve)),
  ]);
  const [seconds = 0, user = 0, system = 0] =
    stderr.trim().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  const mb = ((await received(bed)) - before) / 1e6 / bed.nodes.length;
  const cost: Cost = {
    seconds: round(seconds),
    clientCpuSeconds: round(user + system),
    mbPerNode: round(mb),
  };
  return { cost, code, stdout, stderr };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function preloadCommand({ bed, dir }: Scene, refs: readonly string[], ...more: string[]): string[] {
  const { kubeconfig = "", kubectl = "", ssh, dockerConfig = "", registry } = bed;
  return [
    ...[process.execPath, PULLCAST, "preload", ...refs, ...more, "--kubeconfig", kubeconfig],
    ...["--kubectl", kubectl, "-i", ssh.key, "--known-hosts", ssh.knownHosts],
    ...["--config", dockerConfig, "--ca", registry?.ca ?? "", "--cache", join(dir, "cache")],
    ...["--disk-limit", "100%", "-o", "json"],
  ];
}

async function byPullcast(
  scene: Scene,
  { ref }: SoakImage,
  ...more: readonly string[]
): Promise<Cost> {
  const command = preloadCommand(scene, [ref], ...more);
  const { cost, code, stdout, stderr } = await measured(scene, command);
  const report = JSON.parse(stdout) as PreloadReport;
  const isLoaded = report.items.every(({ result }) => result === "loaded");
  if (code !== 0 || !isLoaded) throw new Error(stdout + stderr);
  return cost;
}

async function byDocker(scene: Scene, { peer }: SoakImage): Promise<Cost> {
  const { ssh, nodes } = scene.bed;
  const options = `-i ${ssh.key} -o UserKnownHostsFile=${ssh.knownHosts} -o BatchMode=yes`;
  const script = nodes
    .map(
      ({ address, port }) =>
        `docker save ${peer} | ssh ${options} -p ${port} root@${address} ${CTR} images import - >/dev/null &`,
    )
    .join("\n");
  const { cost, code, stderr } = await measured(scene, ["sh", "-ec", `${script}\nwait`]);
  if (code !== 0) throw new Error(stderr);
  return cost;
}

function ratios(ours: Cost, peer: Cost): Evidence {
  return {
    seconds: round(ours.seconds / peer.seconds),
    clientCpu: round(ours.clientCpuSeconds / peer.clientCpuSeconds),
    bytes: round(ours.mbPerNode / peer.mbPerNode),
  };
}

/** Takes the images off all nodes, layers and all: the kubelet's own name for one keeps it as well. */
async function forget(bed: Bed): Promise<void> {
  const script = `for digest in $(${CTR} images ls | grep /soak/ | awk '{print $3}' | sort -u); do
    ${CTR} images ls | grep " $digest " | awk '{print $1}' | xargs -r ${CTR} images rm --sync
  done`;
  await Promise.all(bed.nodes.map(({ name }) => bed.exec(name, ["sh", "-c", script])));
  // Collected once nothing names them: it is told nowhere when that is done.
  await delay(3000);
}

const REGISTRY_LOG = "/var/log/bed/registry-private.log";

/** Ten images that share a layer, to all nodes in one run, with an empty cache here. */
async function tenAtOnce({ bed, dir, ...scene }: Scene): Promise<Evidence> {
  const target = await registryOf(bed);
  const shared = randomBytes(SMALL_BYTES);
  const refs: string[] = [];
  for (let index = 0; index < TEN; index += 1) {
    const datas = [shared, randomBytes(SMALL_BYTES / 10)];
    const { ref } = await pushImage(target, {
      name: `soak/ten-${index}:1`,
      below: datas.map((data, place) => [{ path: `layer-${place}`, data }]),
      files: [{ path: "mark", data: `${index}` }],
    });
    refs.push(ref);
  }
  const ask = async (script: string) =>
    (await bed.exec("control", ["sh", "-c", script])).stdout.trim();
  const begin = Number(await ask(`wc -l <${REGISTRY_LOG}`));
  const fresh = { ...scene, bed, dir: join(dir, "ten") };
  const { cost, stdout } = await measured(fresh, preloadCommand(fresh, refs));
  const { items } = JSON.parse(stdout) as PreloadReport;
  const blobs = `grep -o '"GET [^ ]*/blobs/[^ ]* HTTP/1.1" 200'`;
  const asked = await ask(`tail -n +${begin + 1} ${REGISTRY_LOG} | ${blobs}`);
  const counts = new Map<string, number>();
  for (const line of asked.split("\n")) {
    const digest = line.slice(line.lastIndexOf("/blobs/"));
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return {
    images: TEN,
    loaded: items.filter(({ result }) => result === "loaded").length,
    blobs: counts.size,
    mostRequestsForOneBlob: Math.max(...counts.values()),
    ...cost,
  };
}

async function withCuts(
  scene: Scene,
  { ref, node }: SoakImage & { readonly node: string },
  { points, seed, onProgress }: Required<SoakOptions>,
): Promise<Evidence> {
  const { bed } = scene;
  const random = seeded(seed);
  const stock = async () =>
    (await bed.exec(node, ["sh", "-c", `${CTR} content ls -q | sort`])).stdout;
  const before = await stock();
  const start = await received(bed);
  const dry = JSON.parse(
    (await measured(scene, preloadCommand(scene, [ref], node, "--dry-run"))).stdout,
  ) as PreloadReport;
  const missing = dry.items[0]?.missingBytes ?? 0;
  let cuts = 0;
  let runs = 0;
  let result = "";
  while (result !== "loaded") {
    runs += 1;
    let isOver = false;
    const ended = measured(scene, preloadCommand(scene, [ref], node)).finally(() => {
      isOver = true;
    });
    while (!isOver && cuts < points) {
      const afterBytes = Math.round(5e6 + random() * 25e6);
      if ((await cutSessions(bed, node, { afterBytes, looks: 1000 })) > 0) cuts += 1;
    }
    const { stdout } = await ended;
    const [item] = (JSON.parse(stdout) as PreloadReport).items;
    result = item?.result ?? "";
    onProgress(`run ${runs}, ${cuts} cuts: ${result} ${item?.code ?? ""} ${item?.message ?? ""}`);
    if (runs > points * 3) throw new Error("it does not come to an end");
  }
  const moved = (await received(bed)) - start;
  const left = await bed.exec(node, [
    ...["sh", "-c"],
    `${CTR} content ls | grep -c gc.root=pullcast; ls -A /var/lib/containerd/io.containerd.content.v1.content/ingest | wc -l; ls -A /var/lib/containerd | grep -c pullcast`,
  ]);
  const [marks, ingests, files] = left.stdout.trim().split("\n").map(Number);
  await forget(bed);
  return {
    cuts,
    runs,
    missingMb: round(missing / 1e6),
    receivedMb: round(moved / 1e6),
    receivedToMissing: round(moved / missing),
    left: { marks, ingests, files },
    storeAsBefore: (await stock()) === before ? "yes" : "no",
  };
}
