/**
 * The main job on a real cluster: three nodes that can't pull a private image, one push, and the proof
 * that all of them can.
 */
import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { type Bed, upBed } from "../../test/bed/index.ts";
import { failingPull } from "./failing-pull.ts";

const started = performance.now();
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`${signal}: taking everything down`)));
}

say(
  "A real Kubernetes cluster of 3 nodes comes up in containers, with a private registry.",
  "The first time this builds Kubernetes from source and a node image: 6 to 15 minutes.",
  "Later runs take less than a minute. Nothing is left but a cache in ~/.cache/pullcast-bed.",
);
const bed = await upBed({
  name: `demo-${process.pid}`,
  nodes: 3,
  cluster: true,
  kubelet: "kubelet",
  onProgress: (line) => console.log(`  ${line}`),
});
try {
  process.exitCode = await demo(bed);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  say("Taking everything down.");
  await bed.down();
  say(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

async function demo(bed: Bed): Promise<number> {
  const { kubeconfig, registry, ssh, dockerConfig } = bed;
  if (kubeconfig === undefined || registry === undefined || dockerConfig === undefined) {
    throw new Error("the bed has no cluster");
  }
  const image = registry.images.find((candidate) => !candidate.public && candidate.shell)?.ref;
  if (image === undefined) throw new Error("the bed has no private image with a shell");

  say(`A pod that wants ${image}, on a cluster whose nodes have no credentials:`);
  console.log(`  ${await failingPull(bed, image, interrupted.signal)}`);

  const common = ["--kubeconfig", kubeconfig, ...kubectlFlag(bed)];
  const login = ["--ssh-user", ssh.user, "-i", ssh.key, "--known-hosts", ssh.knownHosts];
  say(
    "Push the credentials. That failed pull has made the kubelets remember, for 5 minutes,",
    "that they have none: --restart-kubelet makes them look again at once.",
  );
  const pushed = await pullcast([
    "push",
    "--config",
    dockerConfig,
    "--restart-kubelet",
    ...login,
    ...common,
  ]);
  if (pushed !== 0) return pushed;

  say("Prove it: one pod on each node, always pulled, with no credentials of its own.");
  return await pullcast(["verify", "--image", image, "--ca", registry.ca, ...common]);
}

function kubectlFlag(bed: Bed): string[] {
  return bed.kubectl === undefined ? [] : ["--kubectl", bed.kubectl];
}

function pullcast(args: readonly string[]): Promise<number> {
  if (interrupted.signal.aborted) throw interrupted.signal.reason;
  console.log(`\n$ pullcast ${args.join(" ")}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["dist/cli/pullcast.cjs", ...args], { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

function say(...lines: readonly string[]): void {
  console.log(`\n${lines.map((line) => `▌ ${line}`).join("\n")}`);
}
