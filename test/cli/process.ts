import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A build of the command line for one test file; ssh2 is found from there. */
export async function buildCli(): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(repository, "node_modules", ".pullcast-cli-"));
  const build = join(repository, "scripts", "build.mjs");
  await promisify(execFile)(process.execPath, [build, "--outdir", dir]);
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** How a process ended, and all it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program of the build in a small environment of its own. */
export function start(program: string, args: readonly string[], options: RunOptions = {}) {
  const { PATH = "" } = process.env;
  return spawn(process.execPath, [program, ...args], {
    env: { PATH, HOME: dirname(program), TZ: "UTC", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Runs a program of the build to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const child = start(program, args, options);
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return await ended(child);
}

/** Waits for the end and collects what was said. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...texts };
}

/** Waits until a process has a handler for a signal: from then on it acts on it. */
export async function untilCatches(child: ChildProcess, signal: number): Promise<void> {
  for (;;) {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    const mask = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
    if ((mask >> BigInt(signal - 1)) & 1n) return;
    await setImmediate();
  }
}
