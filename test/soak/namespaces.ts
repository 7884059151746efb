import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type Bed, runKubectl, upBed } from "../bed/index.ts";
import { type CliUser, newCliUser } from "../e2e/cli.ts";
import { authsOf } from "../e2e/hosts/host-tools.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/** Objects in one `kubectl create`: more would only make one request's body larger. */
const BATCH = 250;

/**
 * A thousand namespaces on a real API server: an apply from nothing, one with nothing to do, one after a change, a look,
 * and a removal. Times, requests and kubectl processes of each.
 */
export async function namespaces(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `spaces-${process.pid}`, nodes: 1, cluster: true, onProgress });
  const user = await newCliUser();
  try {
    onProgress(`making ${options.points} namespaces`);
    await make(bed, options.points);
    const config = join(user.home, "config.json");
    const login = (password: string) =>
      writeFile(config, authsOf({ "reg.example": `robot:${password}` }), { mode: 0o600 });
    const secret = (verb: string, ...more: string[]) =>
      measured(user, [
        ...["secret", verb, "--kubeconfig", bed.kubeconfig ?? "", "--kubectl", bed.kubectl ?? ""],
        ...["--namespace-selector", "soak=1", "-o", "json", ...more],
      ]);
    const apply = ["--config", config, "--service-account", "default"];
    await login("1");
    const told: Record<string, unknown> = {};
    for (const [name, run] of [
      ["from nothing", () => secret("apply", ...apply)],
      ["nothing to do", () => secret("apply", ...apply)],
      ["after one change", () => login("2").then(() => secret("apply", ...apply))],
      ["status", () => secret("status")],
      ["remove", () => secret("remove")],
    ] as const) {
      onProgress(name);
      told[name] = await run();
    }
    return { namespaces: options.points, ...told };
  } finally {
    await user.remove();
    await bed.down();
  }
}

async function make(bed: Bed, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `soak-${at}`);
  for (let from = 0; from < names.length; from += BATCH) {
    const items = names.slice(from, from + BATCH).map((name) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { soak: "1" } },
    }));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await runKubectl(bed, ["create", "--validate=false", "-f", "-"], list);
  }
  // The controller makes their accounts one after another.
  const last = names.at(-1) ?? "";
  await runKubectl(bed, [
    ...["wait", "--for=create", "serviceaccount/default", "-n", last, "--timeout=300s"],
  ]);
}

/** What one run took: its kubectl processes are those that were seen among its children. */
async function measured(user: CliUser, args: readonly string[]) {
  const began = performance.now();
  const { child, ended } = user.start(args);
  const kubectls = new Set<string>();
  let over = false;
  const sampled = (async () => {
    while (!over) {
      for (const pid of await childrenOf(child.pid ?? 0)) kubectls.add(pid);
      await delay(5);
    }
  })();
  const run = await ended;
  over = true;
  await sampled;
  const { summary, requests } = JSON.parse(run.stdout) as { summary: object; requests: number };
  return {
    exit: run.code,
    seconds: Math.round((performance.now() - began) / 10) / 100,
    requests,
    kubectlProcesses: kubectls.size,
    summary,
  };
}

async function childrenOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter((one) => one !== "");
}
