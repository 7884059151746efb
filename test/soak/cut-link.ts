import { writeFile } from "node:fs/promises";
import type { NodeConfig } from "../../agent/model.ts";
import { type NodeTry, tryOnNode } from "../../agent/operations/node-try.ts";
import { createTransport } from "../../agent/transport/create-transport.ts";
import { makeArena } from "../rig/arena.ts";
import { startCutProxy } from "../rig/cut-proxy.ts";
import { installedDigest, installJob, newNodeConfig } from "../rig/push-target.ts";
import { seeded } from "../rig/seeded.ts";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { NEVER, optionsFor, targetOf } from "../rig/transport.ts";
import { programsEnded } from "./programs-ended.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

interface Counts {
  cuts: number;
  /** The cut came too late to matter: the push told its success. */
  updated: number;
  /** The push told that it did not succeed, the old file is there. */
  old: number;
  /** The push told that it did not know, the new file is there. */
  newUntold: number;
  torn: number;
  falseUpdated: number;
}

/**
 * Cuts the connection of a push at byte positions all over both directions, by RST and FIN in turns.
 * After each cut the whole old or the whole new file must be there, and `updated` only with the new one.
 */
export async function cutLink(options: SoakOptions): Promise<Evidence> {
  const sshd = await startSshd();
  const arena = makeArena();
  const dir = arena.newDir();
  try {
    const totals = await wholePush(sshd, dir);
    const counts: Counts = { cuts: 0, updated: 0, old: 0, newUntold: 0, torn: 0, falseUpdated: 0 };
    for (const cut of positions(totals, options)) {
      await cutOnce({ sshd, dir, cut, counts });
      if (counts.cuts % 100 === 0)
        options.onProgress?.(`${counts.cuts} cuts: ${JSON.stringify(counts)}`);
    }
    return { ...counts, bytesUp: totals.up, bytesDown: totals.down };
  } finally {
    arena.remove();
    await sshd.stop();
  }
}

interface Cut {
  readonly direction: "up" | "down";
  readonly after: number;
  readonly how: "rst" | "fin";
}

/** Positions spread evenly over each direction, moved at random by less than a step. */
function positions(totals: { up: number; down: number }, { seed, points }: SoakOptions): Cut[] {
  const random = seeded(seed);
  const perDirection = Math.ceil(points / 2);
  return (["up", "down"] as const).flatMap((direction) => {
    const step = totals[direction] / perDirection;
    return Array.from({ length: perDirection }, (_, index) => ({
      direction,
      after: Math.floor((index + random()) * step),
      how: index % 2 === 0 ? ("rst" as const) : ("fin" as const),
    }));
  });
}

/** One push with nothing cut: how many bytes flow each way. */
async function wholePush(sshd: Sshd, dir: string): Promise<{ up: number; down: number }> {
  const proxy = await startCutProxy(sshd.port);
  try {
    const tried = await pushThrough(sshd, proxy.port, { config: newNodeConfig(), dir });
    if (!isUpdated(tried)) throw new Error(`the push itself failed: ${JSON.stringify(tried)}`);
    return { ...proxy.passed };
  } finally {
    await proxy.stop();
  }
}

async function cutOnce(job: {
  readonly sshd: Sshd;
  readonly dir: string;
  readonly cut: Cut;
  readonly counts: Counts;
}): Promise<void> {
  const { sshd, dir, cut, counts } = job;
  const before = await installedDigest(dir);
  const config = newNodeConfig();
  const proxy = await startCutProxy(sshd.port, { cut });
  let tried: NodeTry;
  try {
    tried = await pushThrough(sshd, proxy.port, { config, dir });
  } finally {
    await proxy.stop();
  }
  await programsEnded(sshd);
  const after = await installedDigest(dir);
  counts.cuts += 1;
  const isNew = after === config.digest;
  if (!isNew && after !== before) counts.torn += 1;
  else if (isUpdated(tried)) counts[isNew ? "updated" : "falseUpdated"] += 1;
  else counts[isNew ? "newUntold" : "old"] += 1;
}

/** One try through the proxy: known_hosts names the server's own port, so the key is looked up as its. */
async function pushThrough(
  sshd: Sshd,
  port: number,
  push: { readonly config: NodeConfig; readonly dir: string },
): Promise<NodeTry> {
  const knownHosts = `${sshd.dir}/known_hosts_${port}`;
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${sshd.hostKeys.ed25519}\n`);
  const transport = await createTransport(optionsFor(sshd, { port, knownHosts: [knownHosts] }));
  try {
    const job = installJob(push.config, push.dir);
    return await tryOnNode(transport, targetOf("127.0.0.1", port), { job, signal: NEVER });
  } finally {
    await transport.close();
  }
}

function isUpdated(tried: NodeTry): boolean {
  return tried.type === "answered" && tried.answer.status === "done";
}
