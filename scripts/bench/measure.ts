import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";

/** What one run of a command cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the command and all its children. */
  readonly cpuSeconds: number;
  /** The largest single process. */
  readonly peakMiB: number;
}

/**
 * Runs a command under GNU time.
 *
 * @throws {Error} with the command's stderr where it fails: a figure of a failed run is none
 */
export async function measure(command: readonly string[], scratch: string): Promise<Cost> {
  const file = `${scratch}/time-${process.hrtime.bigint()}`;
  const timed = ["-f", "%e %U %S %M", "-o", file, ...command];
  const child = spawn("/usr/bin/time", timed, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}: ${stderr}`);
  const [wall, user, system, kib] = (await readFile(file, "utf8")).trim().split(" ").map(Number);
  await rm(file);
  return {
    wallSeconds: wall ?? Number.NaN,
    cpuSeconds: (user ?? Number.NaN) + (system ?? Number.NaN),
    peakMiB: (kib ?? Number.NaN) / 1024,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}
