import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ended } from "../../../cli/process.ts";
import type { CliRun } from "../../cli.ts";
import type { Home } from "./model.ts";

/** How ssh and pullcast ask for a secret. */
const QUESTION = /pass(?:word|phrase|code)[^\n]*: ?$/i;

/** Runs a command on a terminal of its own, with its streams elsewhere, and types an answer to each question. */
export async function runOnTerminal(
  home: Home,
  command: readonly string[],
  { env, answer }: { readonly env: Readonly<Record<string, string>>; readonly answer: string },
): Promise<CliRun> {
  const [out, err] = [join(home.dir, "stdout"), join(home.dir, "stderr")];
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const line = `exec ${quoted} </dev/null >${out} 2>${err}`;
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...env, SHELL: "/bin/sh", TERM: "xterm" },
  });
  let seen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    if (!QUESTION.test(seen)) return;
    seen = "";
    child.stdin.write(`${answer}\r`);
  });
  const { code } = await ended(child);
  return { code, stdout: await readFile(out, "utf8"), stderr: await readFile(err, "utf8") };
}
