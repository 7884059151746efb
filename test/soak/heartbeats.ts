import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type Gateway, openGateway } from "../../agent/cluster/gateway.ts";
import { runKubectl, upBed } from "../bed/index.ts";
import { newCliUser } from "../e2e/cli.ts";
import { followWatch } from "../e2e/cluster/follow-watch.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/** How often each kubelet of these nodes reports, s: ten times as often as one does that has leases. */
const EVERY_S = 10;
const MINUTES = 3;
/** What a node's status holds that nobody here reads: its images. */
const IMAGES = Array.from({ length: 50 }, (_, index) => ({
  names: [`registry.example.com/team/image-${index}@sha256:${"0123456789abcdef".repeat(4)}`],
  sizeBytes: 12_345_678 + index,
}));

/**
 * A watch of a cluster of so many nodes (`points`) besides three real ones, each reporting its status every 10 s with
 * some 10 KB: what that costs the watch, and whether a real node that comes meanwhile is still seen at once.
 */
export async function heartbeats({
  points,
  onProgress = () => undefined,
}: SoakOptions): Promise<Evidence> {
  const bed = await upBed({ name: `beats-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const user = await newCliUser();
  const signal = new AbortController().signal;
  const { kubeconfig = "", kubectl = "", ssh, dockerConfig = "" } = bed;
  const gateway = await openGateway({ program: kubectl, kubeconfig }, signal);
  try {
    for (let index = 0; index < points; index += 1) await makeNode(gateway, index);
    onProgress(`${points} nodes are there`);
    const watch = followWatch(
      user,
      ["watch"],
      [
        ...["--kubeconfig", kubeconfig, "--kubectl", kubectl, "-i", ssh.key],
        ...["--known-hosts", ssh.knownHosts, "--config", dockerConfig],
      ],
    );
    for (const { name } of bed.nodes) {
      await watch.ever("node-state", ({ node, state }) => node === name && state === "served");
    }
    const before = await cpuSeconds(watch.pid);
    const lines = watch.log.length;
    const began = performance.now();
    const beating = { on: true, sent: 0 };
    const beats = beat(gateway, points, beating);
    const seen: number[] = [];
    for (let round = 0; performance.now() - began < MINUTES * 60_000; round += 1) {
      await delay(10_000);
      const { name } = bed.nodes[round % bed.nodes.length] ?? { name: "" };
      await bed.exec(name, ["systemctl", "stop", "kubelet"]);
      await runKubectl(bed, ["delete", "node", name]);
      await watch.next("node-gone", ({ node }) => node === name);
      await bed.exec(name, ["systemctl", "start", "kubelet"]);
      const { sinceCreatedMs } = await watch.next("node-served", ({ node }) => node === name);
      seen.push(sinceCreatedMs ?? Number.NaN);
    }
    const seconds = (performance.now() - began) / 1000;
    beating.on = false;
    await beats;
    const cpu = (await cpuSeconds(watch.pid)) - before;
    const evidence = {
      nodes: points,
      heartbeatsPerSecond: Math.round(beating.sent / seconds),
      watchCpuShareOfOneCore: Math.round((cpu / seconds) * 1000) / 1000,
      watchRssMb: await watch.rssMb(),
      logLinesPerMinute: Math.round(((watch.log.length - lines) / seconds) * 60),
      realNodesMadeAnew: seen.length,
      createdToFileMs: { worst: Math.max(...seen) },
    };
    await watch.stop();
    return evidence;
  } finally {
    await gateway.close();
    await user.remove();
    await bed.down();
  }
}

/** A node without a machine: it says that it is a virtual one, so that nobody is pushed to. */
async function makeNode(gateway: Gateway, index: number): Promise<void> {
  const metadata = { name: `beat-${index}`, labels: { type: "virtual-kubelet" } };
  const answer = await gateway.request("POST", "/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata,
    spec: { taints: [{ key: "beat", effect: "NoSchedule" }] },
  });
  if (answer.status !== 201) throw new Error(`node ${index}: ${answer.status}`);
}

async function beat(
  gateway: Gateway,
  nodes: number,
  state: { on: boolean; sent: number },
): Promise<void> {
  const began = performance.now();
  while (state.on) {
    const due = ((performance.now() - began) / 1000) * (nodes / EVERY_S);
    const batch = Math.min(20, Math.floor(due) - state.sent);
    if (batch <= 0) {
      await delay(10);
      continue;
    }
    const now = new Date().toISOString();
    await Promise.all(
      Array.from({ length: batch }, (_, at) => {
        const name = `beat-${(state.sent + at) % nodes}`;
        const path = `/api/v1/nodes/${name}/status?fieldManager=beat&force=true`;
        return gateway.request("PATCH", path, {
          apiVersion: "v1",
          kind: "Node",
          metadata: { name },
          status: {
            images: IMAGES,
            addresses: [{ type: "InternalIP", address: "192.0.2.1" }],
            conditions: ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => ({
              ...{
                type,
                status: type === "Ready" ? "True" : "False",
                reason: "Beat",
                message: "ok",
              },
              ...{ lastHeartbeatTime: now, lastTransitionTime: now },
            })),
          },
        });
      }),
    );
    state.sent += batch;
  }
}

async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user = 0, system = 0] = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}
