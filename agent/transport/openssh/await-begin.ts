import type { PullcastError } from "../../errors.ts";
import { onAbort } from "../limit.ts";
import { Output } from "../output.ts";
import { seconds, sshError } from "../ssh-error.ts";
import type { PhaseLimits } from "../transport.ts";
import type { SshStep } from "./ssh-log.ts";
import type { SshProcess } from "./ssh-process.ts";

/** What the login shell prints before our program: from there on ssh's end is the program's. */
const MARK = "PULLCAST1 shell\n";

/** More than this before the program begins is a flood: start-up files print lines, a banner some KiB. */
const NOISE_LIMIT = 2 * 1024 * 1024;

/** The command for ssh that tells when the program begins. Any login shell takes it: sh, csh, fish. */
export function marked(command: string): string {
  return `echo ${MARK.trim()}; ${command}`;
}

interface BeginOptions {
  readonly at: string;
  readonly limits: PhaseLimits;
  readonly signal: AbortSignal;
}

/** ssh ended before the program began. */
export interface SshEnd {
  readonly type: "ended";
  readonly end: number | null | Error;
  /** What the node said in place of the program, at most 64 KiB. */
  readonly stdout: string;
}

/**
 * Waits until the program begins. Nothing is sent to it before: what fails until then has changed nothing on the node.
 *
 * @returns `begun`, or how ssh ended without
 * @throws {PullcastError} PC203, PC207, PC227 or PC228 with the phase that took too long; the abort reason
 */
export async function awaitBegin(
  ssh: SshProcess,
  { at, limits, signal }: BeginOptions,
): Promise<{ readonly type: "begun" } | SshEnd> {
  const noise = new Output();
  /** Its last bytes, which may be half a mark. */
  let before: Buffer = Buffer.alloc(0);
  let noiseBytes = 0;
  let finish: (() => void) | undefined;
  const begun = new Promise<{ readonly type: "begun" }>((resolve, reject) => {
    const clock = new StepClock({ at, limits, onLimit: reject });
    const count = (bytes: number) => {
      noiseBytes += bytes;
      const detail = "more than 2 MiB before the program began";
      if (noiseBytes > NOISE_LIMIT) reject(sshError("PC228", { at, phase: "channel", detail }));
      else clock.enter(ssh.log.facts.isSpeaking ? ssh.log.facts.step : "any");
    };
    const onData = (chunk: Buffer) => {
      // The mark may be split.
      const text = Buffer.concat([before, chunk]);
      const start = text.indexOf(MARK);
      if (start < 0) {
        noise.add(text.subarray(0, -MARK.length));
        before = Buffer.from(text.subarray(-MARK.length));
        count(chunk.length);
        return;
      }
      noise.add(text.subarray(0, start));
      ssh.stdout.pause().off("data", onData);
      const unread = [Buffer.from(noise.text()), text.subarray(start + MARK.length)];
      ssh.stdout.unshift(Buffer.concat(unread));
      resolve({ type: "begun" });
    };
    const offAbort = onAbort(signal, () => reject(signal.reason));
    finish = () => {
      clock.stop();
      offAbort();
      ssh.onErrorBytes = undefined;
      ssh.stdout.off("data", onData);
    };
    ssh.onErrorBytes = count;
    ssh.stdout.on("data", onData);
    count(0);
  });
  const ended = ssh.closed.then((end): SshEnd => {
    noise.add(before);
    return { type: "ended", end, stdout: noise.text() };
  });
  try {
    return await Promise.race([begun, ended]);
  } finally {
    finish?.();
    begun.catch(() => undefined);
  }
}

/** `any` where ssh tells no steps: then there is one limit for all. */
type Timed = SshStep | "any";

interface StepClockOptions {
  readonly at: string;
  readonly limits: PhaseLimits;
  readonly onLimit: (error: PullcastError) => void;
}

/** The limits of an ssh2 connection, one for each step. */
class StepClock {
  readonly #options: StepClockOptions;
  #step: Timed | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StepClockOptions) {
    this.#options = options;
  }

  enter(step: Timed): void {
    if (step === this.#step) return;
    this.stop();
    this.#step = step;
    const { at, limits, onLimit } = this.#options;
    const ms = limitOf(step, limits);
    this.#timer = setTimeout(() => onLimit(limitError(step, { at, ms })), ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function limitOf(step: Timed, limits: PhaseLimits): number {
  const connectMs = limits.resolveMs + limits.connectMs;
  const { handshakeMs, authMs, channelMs } = limits;
  switch (step) {
    case "any":
      return connectMs + handshakeMs + authMs + channelMs;
    case "connect":
      return connectMs;
    case "handshake":
      return handshakeMs;
    case "auth":
      return authMs;
    case "channel":
      return channelMs;
  }
}

function limitError(
  step: Timed,
  { at, ms }: { readonly at: string; readonly ms: number },
): PullcastError {
  const within = `within ${seconds(ms)}`;
  switch (step) {
    case "any":
      return sshError("PC227", { at, phase: "auth", detail: `no login ${within}` });
    case "connect":
      return sshError("PC203", { at, phase: "connect", detail: `no answer ${within}` });
    case "handshake":
      return sshError("PC207", { at, phase: "handshake", detail: `no handshake ${within}` });
    case "auth":
      return sshError("PC227", { at, phase: "auth", detail: `no login ${within}` });
    case "channel":
      return sshError("PC227", { at, phase: "channel", detail: `no answer ${within}` });
  }
}
