import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type Bed, upBed } from "../bed/index.ts";
import { type CliUser, items, newCliUser } from "../e2e/cli.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/** The kubelet's 5 minutes make each of these long. */
const SLOW_ROTATIONS = 3;
/** Longer than the node's timer, and the restart that it makes. */
const TIMER_MS = 100_000;

type Way = "provider" | "restart" | "file";

/** What a push of each way is given. */
const FLAGS: Readonly<Record<Way, readonly string[]>> = {
  provider: ["--delivery", "provider"],
  restart: ["--restart-kubelet"],
  file: [],
};

/**
 * Rotations of a password on real kubelets: the registry takes a new one, so that the old one is refused at the next
 * pull, then a push brings it, and each node must pull. How long that takes from the push's end, by a provider, by a
 * file with a restart, and by a file alone. Then a drop-in that keeps a kubelet from starting, with the client and the
 * node's program dead: the node's timer must bring the kubelet back.
 */
export async function liveMode(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `live-${process.pid}`, nodes: 3, cluster: true, onProgress });
  try {
    const provider = await rotations(bed, "provider", { ...options, onProgress });
    const restart = await rotations(bed, "restart", { ...options, onProgress });
    const file = await rotations(bed, "file", { ...options, points: SLOW_ROTATIONS, onProgress });
    onProgress("a drop-in that keeps the kubelet from starting");
    return { provider, restart, file, timer: await timer(bed) };
  } finally {
    await bed.down();
  }
}

type RotationOptions = SoakOptions & { readonly onProgress: (line: string) => void };

async function rotations(bed: Bed, way: Way, options: RotationOptions): Promise<Evidence> {
  const scene = await newScene(bed);
  const seconds: number[] = [];
  const restarts: number[] = [];
  let oldRefused = 0;
  let newUsed = 0;
  try {
    for (let round = 1; round <= options.points; round += 1) {
      const file = await scene.rotate();
      // A kubelet keeps a file's old entries, and pulls nothing with them: nothing is to be asked before the push.
      if (way === "provider" && round > 1) {
        oldRefused += Number(await scene.comesTo(scene.stranger, "denied"));
      }
      const pushed = await scene.user.run([...scene.push(file), ...FLAGS[way]]);
      if (pushed.code !== 0) throw new Error(`push ended with ${pushed.code}: ${pushed.stderr}`);
      restarts.push(items(pushed).filter((item) => "restarted" in item).length);
      const began = performance.now();
      newUsed += Number(await scene.comesTo(scene.user, "pulled"));
      seconds.push(Math.round((performance.now() - began) / 100) / 10);
      options.onProgress(`${way} ${round} of ${options.points}: ${seconds.at(-1)} s`);
    }
    await scene.user.run([...scene.on("remove"), "--restart-kubelet"]);
  } finally {
    await scene.end();
  }
  const sorted = [...seconds].sort((a, b) => a - b);
  return {
    rotations: options.points,
    ...(way === "provider" ? { oldRefused: `${oldRefused} of ${options.points - 1}` } : {}),
    newUsed: `${newUsed} of ${options.points}`,
    kubeletRestarts: restarts.reduce((sum, one) => sum + one, 0),
    medianSeconds: sorted[Math.floor(sorted.length / 2)],
    worstSeconds: sorted.at(-1),
  };
}

interface Scene {
  readonly user: CliUser;
  /** Without records of pushes: a refusal is final at once. */
  readonly stranger: CliUser;
  on(command: string): string[];
  push(file: string): string[];
  /** The registry takes a new password from now on, and no other; returns a config.json with it. */
  rotate(): Promise<string>;
  /** Whether a pull on each node comes to this. */
  comesTo(user: CliUser, result: string): Promise<boolean>;
  end(): Promise<void>;
}

async function newScene(bed: Bed): Promise<Scene> {
  const { kubeconfig = "", kubectl = "", registry, ssh } = bed;
  if (registry === undefined) throw new Error("the bed has no registry");
  const image = registry.images.find((one) => one.shell && !one.public)?.ref ?? "";
  const cluster = ["--kubeconfig", kubeconfig, "--kubectl", kubectl, "-o", "json"];
  const login = ["-i", ssh.key, "--known-hosts", ssh.knownHosts];
  const [user, stranger] = await Promise.all([newCliUser(), newCliUser()]);
  const on = (command: string) => [command, ...cluster, ...login];
  return {
    user,
    stranger,
    on,
    push: (file) => [...on("push"), "--config", file],
    rotate: async () => {
      const password = randomBytes(12).toString("hex");
      const set = await bed.exec(
        "control",
        ["htpasswd", "-iBc", "/etc/bed/htpasswd", registry.user],
        { input: Buffer.from(password) },
      );
      if (set.code !== 0) throw new Error(set.stderr);
      const auth = Buffer.from(`${registry.user}:${password}`).toString("base64");
      const file = join(user.home, "config.json");
      const text = JSON.stringify({ auths: { [registry.host]: { auth } } });
      await writeFile(file, text, { mode: 0o600 });
      return file;
    },
    comesTo: async (who, result) => {
      const verify = ["verify", ...cluster, "--image", image, "--ca", registry.ca];
      const run = await who.run([...verify, "--assume-private"]);
      const found = items(run).map((item) => item.result);
      return found.length === bed.nodes.length && found.every((one) => one === result);
    },
    end: async () => {
      await Promise.all([user.remove(), stranger.remove()]);
    },
  };
}

/** A kubelet that waits for ever before it starts, where the drop-in of a trial is there. */
const GUARD = `[Service]
TimeoutStartSec=infinity
ExecStartPre=/bin/sh -c "test ! -e /run/systemd/system/kubelet.service.d/zz-pullcast.conf || exec sleep infinity"
`;

async function timer(bed: Bed): Promise<Evidence> {
  const scene = await newScene(bed);
  const node = bed.nodes[0]?.name ?? "";
  const sh = async (script: string, input = "") =>
    (await bed.exec(node, ["sh", "-c", script], { input: Buffer.from(input) })).stdout.trim();
  try {
    const dir = "/etc/systemd/system/kubelet.service.d";
    await sh(`mkdir -p ${dir}; cat >${dir}/10-guard.conf; systemctl daemon-reload`, GUARD);
    const file = await scene.rotate();
    const push = scene.user.start([...scene.push(file), ...FLAGS.provider, node]);
    await until(async () => (await sh("systemctl show -p SubState kubelet")).endsWith("start-pre"));
    const began = performance.now();
    push.child.kill("SIGKILL");
    await push.ended;
    const killed = await sh("pkill -9 -fc '[P]ULLCAST1'");
    const waiting = await sh("systemctl is-active kubelet");
    await until(async () => (await sh("systemctl is-active kubelet")) === "active");
    const seconds = Math.round((performance.now() - began) / 1000);
    const status = await scene.user.run([...scene.on("status"), node]);
    await sh(`rm -r ${dir}; systemctl daemon-reload`);
    return {
      programsKilledOnTheNode: Number(killed),
      kubeletBefore: waiting,
      kubeletAfter: "active",
      secondsAfterTheClientsDeath: seconds,
      dropInsLeft: Number(
        await sh("ls -d /run/systemd/system/kubelet.service.d 2>/dev/null | wc -l"),
      ),
      status: items(status).map((item) => (item as unknown as { drift?: string[] }).drift),
    };
  } finally {
    await scene.end();
  }
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + TIMER_MS;
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`it did not come in ${TIMER_MS / 1000} s`);
    await delay(250);
  }
}
