import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Bed, upBed } from "../bed/index.ts";
import { items, newCliUser } from "../e2e/cli.ts";
import { readNodeFile } from "../e2e/node-file.ts";
import { digestOf } from "./rollout/oracle.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/**
 * A rollout on six real nodes: good credentials go through with a real pull per wave; wrong ones stop after the canary,
 * which gets its file back. Digests of all files before and after, and the times.
 */
export async function sixNodes(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `six-${process.pid}`, nodes: 6, cluster: true, onProgress });
  const user = await newCliUser();
  try {
    const { kubeconfig = "", kubectl = "", dockerConfig = "", registry, ssh } = bed;
    const image = registry?.images.find((one) => one.shell && !one.public)?.ref ?? "";
    const push = async (config: string, ...more: string[]) => {
      const began = performance.now();
      const run = await user.run([
        ...["push", "--config", config, "--kubeconfig", kubeconfig, "--kubectl", kubectl],
        ...["-i", ssh.key, "--known-hosts", ssh.knownHosts, "--ca", registry?.ca ?? ""],
        ...["--restart-kubelet", "--waves", "1,50%,100%", "--verify-between", "--image", image],
        ...["-o", "json", ...more],
      ]);
      const { waves, stopped } = JSON.parse(run.stdout) as { waves?: unknown; stopped?: object };
      const counts: Record<string, number> = {};
      for (const { result } of items(run)) counts[result] = (counts[result] ?? 0) + 1;
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      return { exit: run.code, seconds, results: counts, waves, stopped };
    };
    onProgress("good credentials, a pull per wave");
    const good = await push(dockerConfig);
    const before = await digests(bed);
    onProgress("wrong credentials");
    const wrong = join(user.home, "wrong.json");
    await writeFile(wrong, await withWrongPassword(dockerConfig), { mode: 0o600 });
    const bad = await push(wrong, "--on-failure", "rollback");
    const after = await digests(bed);
    const same = before.every((digest, at) => digest === after[at]);
    return { good, bad, filesAsBefore: same ? bed.nodes.length : 0 };
  } finally {
    await user.remove();
    await bed.down();
  }
}

async function digests(bed: Bed): Promise<string[]> {
  const files = bed.nodes.map(async ({ name }) =>
    digestOf((await readNodeFile(bed, name))?.content ?? ""),
  );
  return await Promise.all(files);
}

async function withWrongPassword(dockerConfig: string): Promise<string> {
  const { auths } = JSON.parse(await readFile(dockerConfig, "utf8")) as { auths: object };
  const auth = Buffer.from("robot:wrong-password").toString("base64");
  return JSON.stringify({
    auths: Object.fromEntries(Object.keys(auths).map((key) => [key, { auth }])),
  });
}
