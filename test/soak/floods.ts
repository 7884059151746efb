import { join } from "node:path";
import { tryOnNode } from "../../agent/operations/node-try.ts";
import { createTransport } from "../../agent/transport/create-transport.ts";
import { makeArena } from "../rig/arena.ts";
import { installJob, newNodeConfig } from "../rig/push-target.ts";
import { SCRIPTED_FLOODS } from "../rig/scripted-faults.ts";
import { startSshd } from "../rig/sshd.ts";
import { startScriptedPeers } from "../rig/start-scripted-peers.ts";
import { LIMITS, NEVER, optionsFor, targetOf } from "../rig/transport.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const MIB = 1024 * 1024;

/**
 * Pushes to endless floods of each kind again and again, for `points` seconds;
 * how far the memory of this process rises above what it is after one round.
 */
export async function floods({ points, onProgress }: SoakOptions): Promise<Evidence> {
  const sshd = await startSshd();
  const arena = makeArena();
  const names = Object.keys(SCRIPTED_FLOODS);
  const peers = await startScriptedPeers(join(sshd.dir, "host_ed25519"), names);
  const transport = await createTransport(optionsFor(sshd, { limits: LIMITS }));
  const dir = arena.newDir();
  const ends: Record<string, number> = {};
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  try {
    const round = async () => {
      for (const [name, port] of peers.ports) {
        const job = installJob(newNodeConfig(), dir);
        const target = { ...targetOf("127.0.0.1", port), name };
        const tried = await tryOnNode(transport, target, { job, signal: NEVER });
        ends[tried.type] = (ends[tried.type] ?? 0) + 1;
      }
    };
    await round();
    const before = process.memoryUsage.rss();
    peak = before;
    const startedMs = performance.now();
    let rounds = 0;
    while (performance.now() - startedMs < points * 1000) {
      await round();
      rounds += 1;
      onProgress?.(`round ${rounds}: at most ${Math.round((peak - before) / MIB)} MiB more`);
    }
    const mebibytes = (bytes: number) => Math.round(bytes / MIB);
    return {
      kinds: names.length,
      rounds,
      ends,
      rssMiB: mebibytes(before),
      riseMiB: mebibytes(peak - before),
    };
  } finally {
    clearInterval(sampler);
    await transport.close();
    await peers.stop();
    arena.remove();
    await sshd.stop();
  }
}
