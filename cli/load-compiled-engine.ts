import { join } from "node:path";
import { userCacheDir } from "./cache-dir.ts";
import { loadCompiled } from "./compiled-code.ts";
import type { LoadFacts, WithEngine } from "./load-engine.ts";

/** A command line that was refused has compiled next to nothing. */
const REFUSED = 2;

/** By then a command has run all of its start. What ran once is thrown away by V8 while a long run goes on. */
const STARTED_MS = 1000;

let loaded: WithEngine | undefined;

/**
 * Loads what needs the engine from one bundle, compiled where the same command ran before. Stands in the built command in
 * place of `load-engine.ts`.
 */
export async function loadEngine(facts: LoadFacts): Promise<WithEngine> {
  loaded ??= load(facts);
  return loaded;
}

function load({ argv: [command = ""], env, homeDir, version }: LoadFacts): WithEngine {
  const { NODE_COMPILE_CACHE: dir, NODE_DISABLE_COMPILE_CACHE: isOff } = env;
  const { exports, keep } = loadCompiled(join(import.meta.dirname, "..", "engine.cjs"), {
    dir: isOff ? undefined : dir || userCacheDir({ env, homeDir }, "compiled"),
    use: `${command.replaceAll(/[^a-z-]/g, "")}-${version}`,
  });
  setTimeout(keep, STARTED_MS).unref();
  process.once("exit", (code) => {
    if (code !== REFUSED) keep();
  });
  return exports as WithEngine;
}
