import { join } from "node:path";
import { userCacheDir } from "./cache-dir.ts";
import { loadCompiled } from "./compiled-code.ts";
import type { LoadFacts, WithEngine } from "./load-engine.ts";

/** Commands with an engine of their own: see scripts/build.mjs. */
declare const PULLCAST_OWN_ENGINES: readonly string[];

/** Exit codes of commands that did their work: one that failed at its start has compiled next to nothing. */
const WORKED: ReadonlySet<number> = new Set([0, 3, 5]);

/** By then a command has run all of its start. What ran once is thrown away by V8 while a long run goes on. */
const STARTED_MS = 1000;

let loaded: WithEngine | undefined;

/**
 * Loads what needs the engine, or what the command needs of it, from one bundle, compiled where the same command ran
 * before. Stands in the built command in place of `load-engine.ts`.
 */
export async function loadEngine(facts: LoadFacts): Promise<WithEngine> {
  loaded ??= load(facts);
  return loaded;
}

function load({ argv: [command = ""], env, homeDir, version }: LoadFacts): WithEngine {
  const { NODE_COMPILE_CACHE: dir, NODE_DISABLE_COMPILE_CACHE: isOff } = env;
  const name = PULLCAST_OWN_ENGINES.includes(command) ? `engine-${command}.cjs` : "engine.cjs";
  const { exports, keep } = loadCompiled(join(import.meta.dirname, "..", name), {
    dir: isOff ? undefined : dir || userCacheDir({ env, homeDir }, "compiled"),
    use: `${command.replaceAll(/[^a-z-]/g, "")}-${version}`,
  });
  setTimeout(keep, STARTED_MS).unref();
  process.once("exit", (code) => {
    if (WORKED.has(code)) keep();
  });
  return exports as WithEngine;
}
