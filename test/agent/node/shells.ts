import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecEnd, ExecOutcome } from "../../../agent/model.ts";
import type { NodeProgram } from "../../../agent/node/compose.ts";

/** A shell that may be a node's /bin/sh, with the search path its programs get. */
export interface Shell {
  readonly name: "dash" | "bash" | "busybox";
  /** Takes the place of `/bin/sh` in the command line. */
  readonly argv: readonly [string, ...string[]];
  /** Absent: the program's own PATH stays. */
  readonly path?: string;
}

/** dash, bash as sh, and busybox with nothing but its own applets. */
export function findShells(arena: string): readonly Shell[] {
  const applets = join(arena, "applets");
  mkdirSync(applets, { recursive: true });
  const busybox = "/bin/busybox";
  for (const name of execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    symlinkSync(busybox, join(applets, name));
  }
  const bash = join(arena, "bash-as-sh");
  mkdirSync(bash);
  symlinkSync("/bin/bash", join(bash, "sh"));
  return [
    { name: "dash", argv: ["/bin/dash"] },
    { name: "bash", argv: [join(bash, "sh")] },
    { name: "busybox", argv: [join(applets, "sh")], path: applets },
  ];
}

/** Directory of programs that stand before the real ones, each a script of `body`. */
export function makeWrappers(dir: string, bodies: Readonly<Record<string, string>>): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, body] of Object.entries(bodies)) {
    writeFileSync(join(dir, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  return dir;
}

/** The composed input, taken apart. */
export interface Parts {
  readonly program: string;
  /** The header line, with its end. */
  readonly header: string;
  readonly payload: Uint8Array;
}

/** Takes an input apart by its own length line. */
export function takeApart(program: Pick<NodeProgram, "input">): Parts {
  const input = Buffer.from(program.input.reveal());
  const start = input.indexOf("\n") + 1;
  const mark = input.subarray(0, start).toString().split(" ");
  const end = start + Number(mark[1]);
  const headerEnd = input.indexOf("\n", end) + 1;
  return {
    program: input.subarray(start, end).toString(),
    header: input.subarray(end, headerEnd).toString(),
    payload: input.subarray(headerEnd),
  };
}

/** Puts an input together again. */
export function putTogether({ program, header, payload }: Parts): Uint8Array {
  return Buffer.concat([
    Buffer.from(`PULLCAST1 ${Buffer.byteLength(program)}\n${program}${header}`),
    payload,
  ]);
}

/** The program with another search path, for shells with their own programs or wrappers. */
export function withPath(program: string, path: string): string {
  const edited = program.replace(/^PATH=.*$/m, `PATH=${path}`);
  if (edited === program) throw new Error("the program sets no PATH");
  return edited;
}

/** The stub of a command line, without the shell that runs it. */
export function stubOf(command: string): string {
  const stub = /^\/bin\/sh -c '([^']*)'$/.exec(command)?.[1];
  if (stub === undefined) throw new Error("the command is not /bin/sh -c '…'");
  return stub;
}

export interface RunOptions {
  readonly shell: Shell;
  /** Before the shell's argv, for instance strace or unshare. */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Edits program, header or payload before they are sent. */
  readonly edit?: (parts: Parts) => Parts;
  /** Called with the channel to send on, instead of sending all at once. */
  readonly send?: (parts: Parts, channel: Channel) => Promise<void>;
}

export interface Channel {
  readonly write: (bytes: Uint8Array | string) => void;
  readonly end: () => void;
  /** Resolves when standard output holds the text. */
  readonly saw: (text: string) => Promise<void>;
}

/** Runs a composed program as sshd would: a shell of the node, all on standard input. */
export function runProgram(
  program: Pick<NodeProgram, "command" | "input">,
  options: RunOptions,
): Promise<ExecOutcome> {
  const { shell, prefix = [], edit = (parts: Parts) => parts } = options;
  const taken = takeApart(program);
  const parts = edit(
    shell.path === undefined ? taken : { ...taken, program: withPath(taken.program, shell.path) },
  );
  const [file = "", ...argv] = [...prefix, ...shell.argv, "-c", stubOf(program.command)];
  const child = spawn(file, argv, {
    cwd: options.cwd ?? "/",
    env: { PATH: shell.path ?? "/usr/sbin:/usr/bin:/sbin:/bin", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    const waiting: { readonly text: string; readonly go: () => void }[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      for (const { text: wanted, go } of waiting) if (stdout.includes(wanted)) go();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    // A program that has refused reads no more: that is its right.
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ end: endOf(code, signal), stdout, stderr }));
    const channel: Channel = {
      write: (bytes) => child.stdin.write(bytes),
      end: () => child.stdin.end(),
      saw: (text) =>
        stdout.includes(text)
          ? Promise.resolve()
          : new Promise((go) => void waiting.push({ text, go })),
    };
    if (options.send === undefined) child.stdin.end(putTogether(parts));
    else options.send(parts, channel).catch(reject);
  });
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ExecEnd {
  if (code !== null) return { type: "exit", code };
  return signal === null ? { type: "lost" } : { type: "signal", name: signal };
}
