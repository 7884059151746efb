import type { Readable } from "node:stream";
import type { Admission, ExecEnd, ExecOutcome } from "../model.ts";
import { onAbort } from "./limit.ts";
import { Output } from "./output.ts";
import type { ProgramChannel } from "./program-channel.ts";
import { seconds, sshError } from "./ssh-error.ts";
import type { ExecRequest, PhaseLimits } from "./transport.ts";

/** More output than this is a flood: a program's report is a few lines, a survey's 6 MiB at most. */
const FLOOD_BYTES = 8 * 1024 * 1024;

/** Input is handed over in pieces, so that progress shows. */
const PIECE_BYTES = 32 * 1024;

interface ProgramRunOptions {
  readonly at: string;
  readonly limits: PhaseLimits;
  readonly request: ExecRequest;
}

/** One program at work: feeds its input, takes both outputs, waits for its exit code and its last word. */
export class ProgramRun {
  readonly #channel: ProgramChannel;
  readonly #options: ProgramRunOptions;
  readonly #stdout: Output;
  readonly #stderr = new Output();
  #receivedBytes = 0;
  #exit: ExecEnd | undefined;
  #isDone = false;
  #settle:
    | { resolve: (outcome: ExecOutcome) => void; reject: (error: unknown) => void }
    | undefined;
  #total: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** What keeps the input back. */
  #admission: Admission | undefined;
  #patience: NodeJS.Timeout | undefined;
  #offAbort: (() => void) | undefined;
  #more: Readable | undefined;

  constructor(channel: ProgramChannel, options: ProgramRunOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#stdout = options.request.keepAll === true ? new Output(FLOOD_BYTES) : new Output();
  }

  /**
   * How it ended.
   * @throws {PullcastError} PC227 or PC228 with phase `exec`; the abort reason
   */
  end(): Promise<ExecOutcome> {
    const { limits, request } = this.#options;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      const totalMs = request.totalMs ?? limits.execTotalMs;
      const idleMs = request.idleMs ?? limits.execIdleMs;
      this.#total = setTimeout(
        () => this.#fail("PC227", `not done within ${seconds(totalMs)}`),
        totalMs,
      );
      this.#idle = setTimeout(() => this.#fail("PC227", `silent for ${seconds(idleMs)}`), idleMs);
      this.#listen();
      this.#offAbort = onAbort(request.signal, () => this.#reject(request.signal.reason));
      if (this.#isDone) return;
      // A program that ends early need not read all.
      this.#channel.input.on("error", () => undefined);
      if (request.admission === undefined) this.#feed();
      else this.#ask(request.admission);
    });
  }

  #listen(): void {
    const { output, errors } = this.#channel;
    output
      .on("data", (chunk: Buffer) => this.#take(this.#stdout, chunk))
      .on("error", () => undefined);
    errors
      .on("data", (chunk: Buffer) => this.#take(this.#stderr, chunk))
      .on("error", () => undefined);
    this.#channel.onEnd({
      exit: (end) => this.#onExit(end),
      close: (end) => (end instanceof Error ? this.#reject(end) : this.#resolve(end)),
    });
  }

  #take(output: Output, chunk: Buffer): void {
    this.#channel.onUseful?.(chunk.length);
    if (this.#isDone) return;
    this.#idle?.refresh();
    output.add(chunk);
    this.#admit();
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > FLOOD_BYTES) this.#fail("PC228", "more than 8 MiB of output");
    else this.#endIfComplete();
  }

  /** sshd tells the exit code as soon as it knows it, maybe before the last output. */
  #onExit(end: ExecEnd): void {
    if (this.#isDone) return;
    this.#exit = end;
    // From now on only output can come, and it is on its way: no limit makes the end unknown any more.
    const { channelMs, execTotalMs } = this.#options.limits;
    clearTimeout(this.#idle);
    clearTimeout(this.#total);
    this.#idle = setTimeout(() => this.#resolve(end), channelMs);
    this.#total = setTimeout(() => this.#resolve(end), execTotalMs);
    this.#endIfComplete();
  }

  #endIfComplete(): void {
    if (this.#exit === undefined) return;
    if (this.#options.request.isComplete?.(this.#stdout.tail()) === true) this.#resolve(this.#exit);
  }

  /** Sends the answer alone: whoever did not take it must not get the input for another. */
  #ask(admission: Admission): void {
    this.#admission = admission;
    const { authMs } = this.#options.limits;
    this.#patience = setTimeout(() => this.#endInput(), authMs);
    this.#channel.input.write(`${admission.answer.reveal()}\n`);
  }

  #admit(): void {
    const verdict = this.#admission?.judge({
      stdout: this.#stdout.tail(),
      stderr: this.#stderr.tail(),
    });
    if (verdict === undefined) return;
    if (verdict === "refused") {
      this.#endInput();
      return;
    }
    this.#admission = undefined;
    clearTimeout(this.#patience);
    this.#feed();
  }

  #endInput(): void {
    this.#admission = undefined;
    clearTimeout(this.#patience);
    this.#channel.input.end();
  }

  /** Writes all of the input, then its end. Secrets are revealed here and in `#ask`, and nowhere else in this folder. */
  #feed(): void {
    const { input } = this.#channel;
    const bytes = this.#options.request.input.reveal();
    const writeFrom = (offset: number) => {
      const rest = bytes.subarray(offset);
      if (rest.length <= PIECE_BYTES) {
        this.#endWith(rest);
        return;
      }
      input.write(rest.subarray(0, PIECE_BYTES), (error) => {
        if (error) return;
        // refresh() would wake a timer that was cleared.
        if (!this.#isDone) this.#idle?.refresh();
        writeFrom(offset + PIECE_BYTES);
      });
    };
    writeFrom(0);
  }

  /** The last of the input, and what follows it. */
  #endWith(rest: Uint8Array): void {
    const { input } = this.#channel;
    const { more } = this.#options.request;
    if (more === undefined) {
      input.end(rest);
      return;
    }
    if (rest.length > 0) input.write(rest);
    more().then(
      (stream) => this.#pipe(stream),
      (error: unknown) => this.#reject(error),
    );
  }

  #pipe(stream: Readable): void {
    if (this.#isDone) {
      stream.destroy();
      return;
    }
    this.#more = stream;
    stream.on("data", () => {
      if (!this.#isDone) this.#idle?.refresh();
    });
    stream.on("error", (error) => this.#reject(error));
    stream.pipe(this.#channel.input);
  }

  #fail(code: "PC227" | "PC228", detail: string): void {
    this.#reject(sshError(code, { at: this.#options.at, phase: "exec", detail }));
  }

  #reject(error: unknown): void {
    this.#finish();
    this.#settle?.reject(error);
  }

  #resolve(end: ExecEnd): void {
    this.#finish();
    this.#settle?.resolve({ end, stdout: this.#stdout.text(), stderr: this.#stderr.text() });
  }

  #finish(): void {
    this.#isDone = true;
    clearTimeout(this.#total);
    clearTimeout(this.#idle);
    clearTimeout(this.#patience);
    this.#offAbort?.();
    // A program that has all it wants reads no more.
    this.#more?.destroy();
  }
}
