import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import {
  ANSWER_MS,
  askSsh,
  isHostAlias,
  MAX_ANSWER_BYTES,
  parseAnswer,
  questionArguments,
  type SshAnswer,
} from "./ask-ssh.ts";
import type { SshConfig } from "./transport.ts";

/** So many questions are asked by processes of our own. */
const DIRECT = 8;

/** A shell that is asked nothing for so long is ended, ms. */
const IDLE_MS = 1000;

/** Asks for one name after another, and marks the end of each answer with ssh's exit code. */
const PROGRAM = `mark=$1
shift
while read -r name; do
  "$@" "$name" </dev/null 2>/dev/null
  printf '%s %s\\n' "$mark" "$?"
done`;

/**
 * Makes what asks ssh about hosts, as {@link askSsh} does. From a few questions on, shells ask: to start a process
 * out of one as large as this takes 10 ms in which nothing else is done, out of a shell it takes one.
 */
export function createSshAsker(
  config: SshConfig,
): (alias: string) => Promise<SshAnswer | undefined> {
  const idle: AskingShell[] = [];
  const shared = new Map<string, string>();
  let asked = 0;
  let hasShell = process.platform !== "win32";
  const askShell = async (alias: string): Promise<string | undefined> => {
    if (!hasShell || asked <= DIRECT || !isHostAlias(alias)) return undefined;
    let shell = idle.pop();
    while (shell?.isOver) shell = idle.pop();
    shell ??= new AskingShell(config);
    const text = await shell.ask(alias);
    if (shell.isOver) hasShell = false;
    else idle.push(shell);
    return text;
  };
  return async (alias) => {
    asked += 1;
    const text = await askShell(alias);
    // Why ssh gives no answer is for a process of our own to find out.
    return text === undefined ? await askSsh(config, alias) : parseAnswer(text, shared);
  };
}

/** One shell, with one question at a time. It keeps this process alive only while it is asked. */
class AskingShell {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #mark = randomBytes(8).toString("hex");
  #text = "";
  #limit: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  #tell: ((text: string | undefined) => void) | undefined;
  #isOver = false;

  constructor(config: SshConfig) {
    const args = ["-c", PROGRAM, "sh", this.#mark, config.program, ...questionArguments(config)];
    // A process group of its own, so that it can be ended with what it started.
    this.#child = spawn("/bin/sh", args, { stdio: ["pipe", "pipe", "ignore"], detached: true });
    const { stdin, stdout } = this.#child;
    stdin.on("error", () => undefined);
    stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#child.once("error", () => this.#end()).once("close", () => this.#end());
    for (const one of [this.#child, stdin, stdout]) {
      if (one === this.#child || one instanceof Socket) (one as Socket).unref();
    }
  }

  /** Whether it can be asked no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What ssh printed, `undefined` where it gave no answer. */
  ask(name: string): Promise<string | undefined> {
    clearTimeout(this.#rest);
    return new Promise((resolve) => {
      this.#tell = resolve;
      this.#limit = setTimeout(() => this.#end(), ANSWER_MS);
      this.#child.stdin.write(`${name}\n`);
    });
  }

  #take(text: string): void {
    this.#text += text;
    const end = this.#text.lastIndexOf(this.#mark);
    if (end >= 0 && this.#text.endsWith("\n")) {
      const isAnswer = this.#text.slice(end + this.#mark.length).trim() === "0";
      this.#answer(isAnswer ? this.#text.slice(0, end) : undefined);
      this.#rest = setTimeout(() => this.#end(), IDLE_MS).unref();
    } else if (this.#text.length > MAX_ANSWER_BYTES) this.#end();
  }

  #answer(text: string | undefined): void {
    clearTimeout(this.#limit);
    this.#text = "";
    this.#tell?.(text);
    this.#tell = undefined;
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#rest);
    this.#answer(undefined);
    const { pid } = this.#child;
    const { exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}
