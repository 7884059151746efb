import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Peers that misbehave, in a process of their own: what they cost must not count as ours. */
export interface ScriptedPeers {
  /** On 127.0.0.1, by the fault's name. */
  readonly ports: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Starts a peer for each fault; all have the host key in this file. */
export async function startScriptedPeers(
  hostKeyFile: string,
  names: readonly string[],
): Promise<ScriptedPeers> {
  const args = ["scripts/run.mjs", "test/rig/scripted-peers.ts", hostKeyFile, ...names];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, "line"), closed.then(() => undefined)]);
  if (line === undefined) throw new Error("the scripted peers did not start");
  return {
    ports: new Map(Object.entries<number>(JSON.parse(String(line[0])))),
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}
