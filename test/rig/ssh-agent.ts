import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface SshAgent {
  readonly socket: string;
  /** Adds private key files without passphrases, in order. */
  add(...keys: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A real ssh-agent with a socket of its own. */
export async function startSshAgent(): Promise<SshAgent> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-agent-"));
  const socket = join(dir, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  for (let tries = 0; tries < 200; tries += 1) {
    const there = await access(socket).then(
      () => true,
      () => false,
    );
    if (there) break;
    await delay(10);
  }
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
