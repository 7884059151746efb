import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Sshd } from "../rig/sshd.ts";

const LIMIT_MS = 20_000;

/**
 * Waits until nothing runs any more that came over this sshd: a node's program goes on when its link is gone.
 * sshd tells each program the port it came by; so runs side by side don't wait for each other.
 */
export async function programsEnded({ port }: Sshd): Promise<void> {
  const mark = `127.0.0.1 ${port}\0`;
  const until = Date.now() + LIMIT_MS;
  // Nothing tells when a process of another session ends: look again.
  while (await anyProcess(mark)) {
    if (Date.now() > until) throw new Error("a program on the node did not end");
    await delay(5);
  }
}

async function anyProcess(mark: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const environs = pids.map((pid) => readFile(`/proc/${pid}/environ`, "latin1").catch(() => ""));
  return (await Promise.all(environs)).some(
    (environ) => environ.includes("SSH_CONNECTION=") && environ.includes(mark),
  );
}
