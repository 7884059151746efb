import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellWord } from "../../agent/util/shell-word.ts";

/** The built command, as users get it. */
export const PULLCAST: string = fileURLToPath(
  new URL("../../dist/cli/pullcast.cjs", import.meta.url),
);

export interface CliRun {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user of this machine: an own home, so that no key, known_hosts or run record of others is seen. */
export interface CliUser {
  readonly home: string;
  /** Runs `pullcast ARGS` to its end. */
  run(args: readonly string[], input?: string): Promise<CliRun>;
  /** Runs `pullcast ARGS` with both outputs in files, on a terminal where this is typed at its first question. */
  typing(text: string, args: readonly string[]): Promise<CliRun & { readonly terminal: string }>;
  /** Starts `pullcast ARGS`; `ended` resolves with its outcome. */
  start(args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<CliRun> };
  remove(): Promise<void>;
}

/** @param program - another build of the command */
export async function newCliUser(
  env: Readonly<Record<string, string>> = {},
  program: string = PULLCAST,
): Promise<CliUser> {
  if (!existsSync(program)) throw new Error("dist/ is missing: npm run build");
  const home = await mkdtemp(join(tmpdir(), "pullcast-e2e-"));
  const own = {
    ...{ PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8" },
    // Not one for each of them.
    NODE_COMPILE_CACHE: join(dirname(dirname(program)), "compiled"),
    ...env,
  };
  const start = (args: readonly string[], input?: string) => {
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: own,
    });
    child.stdin.on("error", () => undefined).end(input ?? "");
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<CliRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout, stderr }));
    });
    return { child, ended };
  };
  const typing = async (text: string, args: readonly string[]) => {
    const [out, err] = [join(home, "typing.out"), join(home, "typing.err")];
    const words = [process.execPath, program, ...args].map(shellWord).join(" ");
    const line = `${words} </dev/null >${out} 2>${err}`;
    const child = spawn("script", ["-qec", line, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: own,
    });
    let terminal = "";
    child.stdout.setEncoding("utf8").on("data", (seen: string) => {
      if (terminal === "") child.stdin.write(`${text}\r`);
      terminal += seen;
    });
    const [code] = (await once(child, "close")) as [number | null];
    const [stdout, stderr] = await Promise.all([readFile(out, "utf8"), readFile(err, "utf8")]);
    return { code, stdout, stderr, terminal };
  };
  return {
    home,
    typing,
    start: (args) => start(args),
    run: (args, input) => start(args, input).ended,
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** One row of a report as scripts read it. */
export interface Item {
  readonly node: string;
  readonly result: string;
  readonly code?: string;
  readonly message?: string;
  readonly fix?: string;
  readonly path?: string;
  readonly phase?: string;
  readonly effectiveBy?: string;
  readonly ran?: string;
  readonly attempts?: number;
  readonly restarted?: boolean;
}

/** The rows of `-o json`. */
export function items(run: CliRun): readonly Item[] {
  const document = JSON.parse(run.stdout) as { readonly items: readonly Item[] };
  return document.items;
}

/** The results of `-o json` by node. */
export function results(run: CliRun): Record<string, string> {
  return Object.fromEntries(items(run).map(({ node, result }) => [node, result]));
}

/** One line of `check -o json`. */
export interface CheckLine {
  readonly group: string;
  readonly name: string;
  readonly result: string;
  readonly code: string;
  readonly message: string;
  readonly fix?: string;
}

export function checkLines(run: CliRun): readonly CheckLine[] {
  const document = JSON.parse(run.stdout) as { readonly items: readonly CheckLine[] };
  return document.items;
}

/** `NAME RESULT CODE` */
export function shortLine({ name, result, code }: CheckLine): string {
  return `${name} ${result} ${code}`;
}
