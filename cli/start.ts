import { homedir } from "node:os";
import { loadEngine } from "./load-engine.ts";
import { VERSION } from "./version.ts";

/** Words that are answered without the engine, or that may be. */
const WORDS: ReadonlySet<string> = new Set([
  "__complete",
  "completion",
  "explain",
  "help",
  "version",
]);

/**
 * Starts the command line. Work starts within the compiled engine, which saves the 10 ms that Node's loader of modules
 * takes; words, which load no engine, start by themselves. Both can do both.
 *
 * @param program how the user calls it, for help texts
 */
export async function start(program: "pullcast" | "kubectl pullcast"): Promise<void> {
  // Without a listener, this signal opens Node's inspector, and with it all memory, to every local user.
  process.on("SIGUSR1", () => {});
  const argv = process.argv.slice(2);
  const { env } = process;
  const facts = { argv, homeDir: env["HOME"] || homedir(), version: VERSION };
  const load = () => loadEngine({ ...facts, env });
  const { main } = isWork(argv) ? await load() : await import("./main.ts");
  await main({ ...facts, program, loadEngine: load });
}

function isWork(argv: readonly string[]): boolean {
  const [name = "-"] = argv;
  return (
    !name.startsWith("-") && !WORDS.has(name) && !argv.some((arg) => /^(?:-h|--help)$/.test(arg))
  );
}
