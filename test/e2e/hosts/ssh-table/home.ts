import { execFile } from "node:child_process";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startSshAgent } from "../../../rig/ssh-agent.ts";
import type { Keys } from "./keys.ts";
import type { Home } from "./model.ts";

const run = promisify(execFile);

/** Makes an empty home at `dir`, and hands it on; whatever was started for it is stopped in the end. */
export async function withHome<T>(
  dir: string,
  keys: Keys,
  use: (home: Home) => Promise<T>,
): Promise<T> {
  const stops: (() => unknown)[] = [];
  await mkdir(dir, { mode: 0o700 });
  const home: Home = {
    dir,
    async file(name, content, mode = 0o600) {
      const path = join(dir, name);
      await writeFile(path, content, { mode });
      return path;
    },
    async key(name, as = name) {
      const path = join(dir, as);
      await copyFile(keys.path(name), path);
      await copyFile(`${keys.path(name)}.pub`, `${path}.pub`);
      return path;
    },
    async agent(...names) {
      const agent = await startSshAgent();
      stops.push(agent.stop);
      if (names.length > 0) await agent.add(...names.map((name) => keys.path(name)));
      return agent;
    },
    run: async (command, ...args) => void (await run(command, args)),
    onEnd: (stop) => void stops.push(stop),
  };
  try {
    return await use(home);
  } finally {
    for (const stop of stops.reverse()) await stop();
    await rm(dir, { recursive: true, force: true });
  }
}
