import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { NODE_COMMAND } from "../../agent/node/compose.ts";

const LIMIT_MS = 20_000;

/** The part of the stub that `ps` shows between `-c` and its end. */
const STUB = NODE_COMMAND.slice(NODE_COMMAND.indexOf("'") + 1, -1);

/** Waits until no program of ours runs on this machine: a node goes on when its link is gone. */
export async function programsEnded(): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  // Nothing tells when a process of another session ends: look again.
  while (await anyProgram()) {
    if (Date.now() > until) throw new Error("a program on the node did not end");
    await delay(5);
  }
}

async function anyProgram(): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(commands)).some((command) => command.includes(STUB));
}
