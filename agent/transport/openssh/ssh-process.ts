import { type ChildProcessByStdio, spawn } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import type { ExecEnd } from "../../model.ts";
import type { ProgramChannel } from "../program-channel.ts";
import { MAX_WORDS, SshLog } from "./ssh-log.ts";

/** A line of standard error that goes on is handed on in pieces of this size. */
const MAX_LINE = 8 * 1024;

const DEBUG = "debug1: ";

/** Between the polite signal and the other, ms. */
const KILL_MS = 500;

/** How ssh says that the link went. A node that prints the like only lies about itself. */
const LOST =
  /^(?:client_loop: |Connection to .* closed|Connection (?:reset|closed) by |Timeout, server |Read from remote host |packet_write_|ssh_dispatch_run_fatal|ssh_packet_|Corrupted |Bad packet|Disconnected|Received disconnect|Broken pipe|Killed by signal)/;

interface SshProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Absent: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** One process of the system's ssh with all that it starts, as a process group of its own. */
export class SshProcess {
  readonly log = new SshLog();
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What is left of standard error without ssh's debugging. */
  readonly #errors = new PassThrough();
  #partLine = "";
  /** Told of bytes on standard error. */
  onErrorBytes: ((bytes: number) => void) | undefined;
  /** Told of the end: the exit code, `null` for a signal, or why it could not be started. */
  readonly closed: Promise<number | null | Error>;
  #isClosed = false;

  constructor({ program, args, env }: SshProcessOptions) {
    this.#child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      // Away from the terminal, so that nothing can ask; and what it starts can be ended with it.
      detached: true,
      ...(env === undefined ? {} : { env }),
    });
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) stream.on("error", () => undefined);
    stderr.setEncoding("utf8").on("data", (text: string) => this.#takeErrors(text));
    this.closed = new Promise((resolve) => {
      const close = (end: number | null | Error) => {
        this.#close();
        resolve(end);
      };
      this.#child.once("error", close).once("close", close);
    });
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** The streams of the program, once it began. */
  channel(): ProgramChannel {
    const { stdin, stdout } = this.#child;
    return {
      input: stdin,
      output: stdout,
      errors: this.#errors,
      onEnd: ({ exit, close }) => {
        // It was paused where the program's own output begins.
        stdout.resume();
        this.#child.once("exit", (code) => {
          // 255 may be ssh's own: what it says of that comes with its last words.
          if (code !== null && code !== 255) exit({ type: "exit", code });
        });
        const isRead = new Promise((resolve) => this.#errors.once("end", resolve));
        Promise.all([this.closed, isRead]).then(
          ([end]) => close(this.#endOf(end)),
          () => undefined,
        );
      },
    };
  }

  /** Ends the process and all that it started, within `ms`. Never throws. */
  async close(ms: number): Promise<void> {
    if (this.#isClosed) return;
    this.#signal("SIGTERM");
    const hard = setTimeout(() => this.#signal("SIGKILL"), Math.min(KILL_MS, ms));
    let last: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => {
      last = setTimeout(resolve, ms);
    });
    await Promise.race([this.closed, limit]);
    clearTimeout(hard);
    clearTimeout(last);
  }

  #signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // It ended meanwhile.
    }
  }

  #endOf(code: number | null | Error): ExecEnd {
    if (typeof code !== "number") return { type: "lost" };
    if (code !== 255) return { type: "exit", code };
    const { exitStatus } = this.log.facts;
    const isLost = this.log.words.some((line) => LOST.test(line));
    if (exitStatus === 255 || (exitStatus === undefined && !isLost)) return { type: "exit", code };
    // ssh tells no signal's name.
    return exitStatus === -1 && !isLost ? { type: "signal", name: "unknown" } : { type: "lost" };
  }

  #takeErrors(text: string): void {
    const lines = `${this.#partLine}${text}`.split("\n");
    this.#partLine = lines.pop() ?? "";
    const { step } = this.log.facts;
    // A node that floods: its last lines are enough to tell how ssh ended.
    const from = step === "channel" ? lines.length - MAX_WORDS : 0;
    const kept = lines.filter((line, index) => {
      if (index < from && !line.includes(DEBUG)) return true;
      return this.#isNodes(line);
    });
    if (this.#partLine.length > MAX_LINE) {
      kept.push(this.#partLine);
      this.#partLine = "";
    } else if (kept.length > 0) {
      kept.push("");
    }
    this.#errors.write(kept.join("\n"));
    this.onErrorBytes?.(text.length);
  }

  /** Whether a line may be the node's: what ssh says before it has a channel is its own. */
  #isNodes(line: string): boolean {
    const at = line.indexOf(DEBUG);
    if (at > 0) {
      // The node's last line had no end.
      this.#errors.write(line.slice(0, at));
      this.log.add(line.slice(0, at));
    }
    const isNoise = this.log.add(line.slice(Math.max(0, at)).replace(/\r$/, ""));
    const { step, isSpeaking } = this.log.facts;
    return !isNoise && (step === "channel" || !isSpeaking);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isNodes(this.#partLine)) this.#errors.write(this.#partLine);
    this.#errors.end();
  }
}
