import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Bed, runKubectl, upBed } from "../bed/index.ts";
import { type CliUser, newCliUser } from "../e2e/cli.ts";
import { AGENT_IMAGE, loadAgentImage } from "../e2e/cluster/project-image.ts";
import { seeded } from "../rig/seeded.ts";
import { killNode } from "./rollout/machines.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const NAMESPACE = "pullcast-system";
const FILE = "/var/lib/kubelet/config.json";
/** How long the agent is only looked at. */
const QUIET_MINUTES = 10;

/**
 * The DaemonSet on three real kubelets. What it costs while nothing happens; then so many kills (`points`) of the program, the kubelet, the runtime and the node, while new revisions are
 * rolled out: the file is always a whole one of a revision, and no pod is ready with another file than its revision's.
 */
export async function agentKills({
  points,
  seed,
  onProgress = () => undefined,
}: SoakOptions): Promise<Evidence> {
  const bed = await upBed({ name: `agent-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const scene = await newScene(bed);
  try {
    onProgress("at rest");
    const atRest = await costAtRest(bed);
    onProgress(JSON.stringify(atRest));
    const kills = await killsWhileRolling(scene, { points, seed, onProgress });
    return { imageBytes: scene.imageBytes, atRest, kills };
  } finally {
    await scene.user.remove();
    await bed.down();
  }
}

/** How fast the DaemonSet serves a node that is made anew, with a pod of its own: so many times (`points`). */
export async function agentNewNodes({
  points,
  onProgress = () => undefined,
}: SoakOptions): Promise<Evidence> {
  const bed = await upBed({ name: `join-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const scene = await newScene(bed);
  try {
    return await nodesMadeAnew(bed, points, onProgress);
  } finally {
    await scene.user.remove();
    await bed.down();
  }
}

interface Scene {
  readonly bed: Bed;
  readonly user: CliUser;
  readonly imageBytes: number;
  /** Rolls out other credentials, and waits no longer than that they are sent. */
  rollOut(mark: string): Promise<void>;
  /** Reads which revisions there are. */
  learn(): Promise<void>;
  /** Digests of all files that were ever sent. */
  readonly digests: Map<string, string>;
}

async function newScene(bed: Bed): Promise<Scene> {
  const user = await newCliUser();
  const imageBytes = await loadAgentImage(bed);
  const config = join(user.home, "config.json");
  const { kubeconfig = "", kubectl = "", dockerConfig = "" } = bed;
  const { auths } = JSON.parse(await readFile(dockerConfig, "utf8")) as { auths: object };
  const digests = new Map<string, string>();
  const learn = async () => {
    const secrets = JSON.parse(
      await runKubectl(bed, ["get", "secrets", "-n", NAMESPACE, "-o", "json"]),
    ) as { items: { metadata: { name: string }; data: Record<string, string> }[] };
    for (const { metadata, data } of secrets.items) {
      const bytes = Buffer.from(data["config.json"] ?? "", "base64");
      digests.set(metadata.name, createHash("sha256").update(bytes).digest("hex"));
    }
  };
  const rollOut = async (mark: string, timeout = "5s") => {
    const auth = Buffer.from(`robot:${mark}`).toString("base64");
    await writeFile(config, JSON.stringify({ auths: { ...auths, "mark.example": { auth } } }));
    await user.run([
      ...["agent", "install", "--kubeconfig", kubeconfig, "--kubectl", kubectl],
      ...["--image", AGENT_IMAGE, "--config", config, "--timeout", timeout],
      ...["--max-unavailable", "100%"],
    ]);
    await learn();
  };
  await rollOut("first", "2m");
  return { bed, user, imageBytes, digests, learn, rollOut: (mark) => rollOut(mark) };
}

async function sh(bed: Bed, node: string, script: string): Promise<string> {
  return (await bed.exec(node, ["sh", "-c", script])).stdout.trim();
}

/** Of each node's container: all its processes' resident memory, and the processor that they and its probes took. */
async function costAtRest(bed: Bed): Promise<Evidence> {
  const nodes = bed.nodes.map(({ name }) => name);
  const usage = async (node: string) => Number(await sh(bed, node, USED_SECONDS));
  const before = await Promise.all(nodes.map(usage));
  const shares: number[] = [];
  const largest: number[] = [];
  for (let minute = 0; minute < QUIET_MINUTES; minute += 1) {
    await delay(60_000);
    for (const node of nodes) {
      const lines = (await sh(bed, node, MEMORY_KB)).split("\n").map((line) => line.split(" "));
      shares.push(lines.reduce((sum, [, pss]) => sum + Number(pss), 0));
      largest.push(Math.max(...lines.map(([rss]) => Number(rss))));
    }
  }
  const after = await Promise.all(nodes.map(usage));
  const cpu = after.map((seconds, at) => seconds - (before[at] ?? 0));
  return {
    minutes: QUIET_MINUTES,
    processes: 3,
    kbOfAllTogether: spread(shares),
    kbOfTheLargest: spread(largest),
    cpuSecondsEach: cpu.map((seconds) => Math.round(seconds * 100) / 100),
  };
}

const PROCESSES = "pgrep -f '^/bin/sh /opt/pullcast/keep keep|^inotifyd - /host'";
/** Of each process: its resident memory, and its share of what several have together. */
const MEMORY_KB = `for p in $(${PROCESSES}); do
  echo $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$p/status) $(sed -n 's/^Pss:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$p/smaps_rollup)
done`;
/** Of the container, its probes too, in seconds: by the kernel's older groups in ns, by its newer in us. */
const USED_SECONDS = `id=$(sed -n 's|.*/||p' /proc/$(pgrep -of '^/bin/sh /opt/pullcast/keep keep')/cgroup | head -n 1)
old=$(find /sys/fs/cgroup -path "*/$id/cpuacct.usage" | head -n 1)
new=$(find /sys/fs/cgroup -path "*/$id/cpu.stat" | head -n 1)
if [ -n "$old" ]; then awk '{ print $1 / 1e9 }' "$old"; else awk '/usage_usec/ { print $2 / 1e6 }' "$new"; fi`;

async function nodesMadeAnew(
  bed: Bed,
  points: number,
  onProgress: (line: string) => void,
): Promise<Evidence> {
  const fromStart: number[] = [];
  const fromCreation: number[] = [];
  for (let round = 0; round < points; round += 1) {
    const { name } = bed.nodes[round % bed.nodes.length] ?? { name: "" };
    await sh(bed, name, "systemctl stop kubelet");
    // A machine that is new runs nothing yet.
    await sh(bed, name, "ctr -n k8s.io task ls -q | xargs -rn1 ctr -n k8s.io task kill -s 9");
    await sh(bed, name, `rm -rf ${FILE} /var/lib/kubelet/.pullcast`);
    await runKubectl(bed, ["delete", "node", name]);
    const ofNode = ["-n", NAMESPACE, "--field-selector", `spec.nodeName=${name}`];
    await runKubectl(bed, ["delete", "pods", ...ofNode, "--force", "--grace-period=0"]);
    await sh(bed, name, "systemctl start kubelet");
    await until(async () => (await sh(bed, name, `stat -c %Y ${FILE} 2>/dev/null`)) !== "");
    const written = Number(await sh(bed, name, `stat -c %.3Z ${FILE}`)) * 1000;
    const created = Date.parse(
      await jsonpath(bed, ["node", name], "{.metadata.creationTimestamp}"),
    );
    const started = await until(async () =>
      jsonpath(
        bed,
        ["pods", "-n", NAMESPACE, "--field-selector", `spec.nodeName=${name}`],
        "{.items[0].status.containerStatuses[0].state.running.startedAt}",
      ),
    );
    fromStart.push(Math.round(written - Date.parse(started)));
    fromCreation.push(Math.round(written - created));
    onProgress(
      `node ${round + 1}: ${fromStart.at(-1)} ms from its container's start, ${fromCreation.at(-1)} ms from its creation`,
    );
  }
  return {
    nodes: points,
    containerStartToFileMs: spread(fromStart),
    nodeCreationToFileMs: spread(fromCreation),
    remark: "starts and creations are whole seconds: up to 1 s of each is rounding",
  };
}

async function jsonpath(bed: Bed, what: readonly string[], path: string): Promise<string> {
  return await runKubectl(bed, ["get", ...what, "-o", `jsonpath=${path}`]).catch(() => "");
}

interface KillOptions {
  readonly points: number;
  readonly seed: number;
  readonly onProgress: (line: string) => void;
}

const PROGRAM = "pkill -9 -f '/opt/pullcast/keep keep' || :";
const KUBELET = "pkill -9 -x kubelet || :";
const RUNTIME = "pkill -9 -x containerd || :";

async function killsWhileRolling(
  scene: Scene,
  { points, seed, onProgress }: KillOptions,
): Promise<Evidence> {
  const { bed } = scene;
  const random = seeded(seed);
  const counts = { program: 0, kubelet: 0, runtime: 0, node: 0 };
  const oracle = { looks: 0, ready: 0, torn: 0, readyWithAnother: 0, revisions: 1 };
  for (let kill = 0; kill < points; kill += 1) {
    if (kill % 10 === 5) {
      oracle.revisions += 1;
      await scene.rollOut(`revision-${oracle.revisions}`).catch(() => undefined);
    }
    const node = bed.nodes[Math.floor(random() * bed.nodes.length)]?.name ?? "";
    const dice = random();
    const what = dice < 0.5 ? "program" : dice < 0.7 ? "kubelet" : dice < 0.95 ? "runtime" : "node";
    counts[what] += 1;
    if (what === "node") await killNode(bed, node);
    else await sh(bed, node, { program: PROGRAM, kubelet: KUBELET, runtime: RUNTIME }[what]);
    await delay(random() * 2000);
    for (const { name } of bed.nodes) await look(scene, name, oracle);
    if (kill % 20 === 19) onProgress(`${kill + 1} kills: ${JSON.stringify(oracle)}`);
  }
  await scene.rollOut("last");
  const healed = await until(async () => ((await allReady(bed)) ? "yes" : ""), 6 * 60_000);
  for (const { name } of bed.nodes) await look(scene, name, oracle);
  return { ...counts, ...oracle, allReadyInTheEnd: healed };
}

/** A pod counts where it was the same ready one before and after the look at the file. */
async function look(
  { bed, digests, learn }: Scene,
  node: string,
  oracle: { looks: number; ready: number; torn: number; readyWithAnother: number },
): Promise<void> {
  const pod = () =>
    jsonpath(
      bed,
      ["pods", "-n", NAMESPACE, "--field-selector", `spec.nodeName=${node}`],
      '{range .items[*]}{.metadata.uid}|{.metadata.annotations.pullcast\\.dev/revision}|{.metadata.deletionTimestamp}|{.status.containerStatuses[0].ready}{"\\n"}{end}',
    );
  const before = await pod();
  const digest = (await sh(bed, node, `sha256sum <${FILE} 2>/dev/null`)).split(" ")[0] ?? "";
  const after = await pod();
  oracle.looks += 1;
  if (digest !== "" && ![...digests.values()].includes(digest))
    await learn().catch(() => undefined);
  if (digest !== "" && ![...digests.values()].includes(digest)) oracle.torn += 1;
  for (const line of before.split("\n").filter((one) => after.split("\n").includes(one))) {
    const [, revision = "", deleted, ready] = line.split("|");
    if (ready !== "true" || deleted !== "") continue;
    oracle.ready += 1;
    if (digests.get(revision) !== digest) oracle.readyWithAnother += 1;
  }
}

async function allReady(bed: Bed): Promise<boolean> {
  const [desired, updated, ready] = (
    await jsonpath(
      bed,
      ["daemonset", "pullcast", "-n", NAMESPACE],
      "{.status.desiredNumberScheduled} {.status.updatedNumberScheduled} {.status.numberReady}",
    )
  ).split(" ");
  return desired === "3" && updated === "3" && ready === "3";
}

/** What `probe` came to, once that is something. */
async function until(probe: () => Promise<string | boolean>, ms = 120_000): Promise<string> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found !== "" && found !== false) return String(found);
    if (Date.now() > end) throw new Error(`it did not come in ${ms / 1000} s`);
    await delay(200);
  }
}

function spread(values: readonly number[]): Evidence {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], worst: sorted.at(-1) };
}
