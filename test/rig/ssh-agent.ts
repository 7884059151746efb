import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface SshAgent {
  readonly socket: string;
  /** Adds private key files without passphrases, in order; options of ssh-add may come first. */
  add(...keys: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A real ssh-agent with a socket of its own. */
export async function startSshAgent(env: Readonly<Record<string, string>> = {}): Promise<SshAgent> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-agent-"));
  const socket = join(dir, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], {
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  // The socket's file is there before the agent listens.
  for (let tries = 0; tries < 200 && !(await answers(socket)); tries += 1) await delay(10);
  return {
    socket,
    async add(...keys) {
      await run("ssh-add", ["-q", ...keys], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    },
    async stop() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
