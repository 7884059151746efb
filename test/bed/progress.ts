import { spawn } from "node:child_process";
import { BedError, type Progress } from "./model.ts";

const BEAT_MS = 15_000;

/** Runs `work`, and says every 15 s that it is still running. */
export async function withHeartbeat<T>(
  what: string,
  report: Progress,
  work: () => Promise<T>,
): Promise<T> {
  const start = Date.now();
  const elapsed = () => `${Math.round((Date.now() - start) / 1000)} s`;
  report(what);
  const timer = setInterval(() => report(`${what}: ${elapsed()}`), BEAT_MS);
  try {
    const result = await work();
    report(`${what}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** Waits for the end of all, then throws the first failure: no work goes on behind a caller's clean-up. */
export async function allEnded<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
}

/** How to run a program of this machine. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program and gives its standard output; throws BedError with the end of its stderr if it fails. */
export async function run(
  command: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<string> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let tail = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-2000);
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  }).catch((cause: unknown) => {
    throw new BedError(`${program} can't be run: ${(cause as Error).message}`, { cause });
  });
  if (code !== 0) throw new BedError(`${command.slice(0, 3).join(" ")} failed:\n${tail.trim()}`);
  return stdout;
}
