import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { BedError, type BedState } from "./model.ts";

/** Starts a bed's kubectl as its admin; what it says on stderr is the caller's to read. */
export function startKubectl(
  { kubectl, kubeconfig, name }: Pick<BedState, "kubectl" | "kubeconfig" | "name">,
  args: readonly string[],
): ChildProcessByStdio<Writable, Readable, Readable> {
  if (kubectl === undefined || kubeconfig === undefined) {
    throw new BedError(`the bed ${name} has no cluster`);
  }
  return spawn(kubectl, ["--kubeconfig", kubeconfig, ...args], { stdio: ["pipe", "pipe", "pipe"] });
}

/**
 * Runs a bed's kubectl to its end.
 *
 * @returns its stdout
 * @throws {BedError} with its words where it fails
 */
export async function runKubectl(
  bed: Pick<BedState, "kubectl" | "kubeconfig" | "name">,
  args: readonly string[],
  input = "",
): Promise<string> {
  const child = startKubectl(bed, args);
  child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new BedError(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}
