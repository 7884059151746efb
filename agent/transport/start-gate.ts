import pLimit from "p-limit";
import { PullcastError } from "../errors.ts";
import { pause } from "../util/pause.ts";
import { isPenalty } from "./handshake-error.ts";

/** sshd begins to drop starts at random when 10 are under way: MaxStartups is 10:30:100. */
const STARTS_AT_ONE = 6;

/** sshd's penalties from 9.8 on last 1 s to 600 s; most that we can earn are over by then. */
const PENALTY_MS = 20_000;

interface StartGateOptions {
  readonly penaltyMs?: number;
  readonly isCrowd?: (error: PullcastError) => boolean;
}

/** Starts of connections to one sshd: fewer at once for each word of it that they are too many. */
export class StartGate {
  readonly #limit = pLimit(STARTS_AT_ONE);
  readonly #penaltyMs: number;
  readonly #isCrowd: (error: PullcastError) => boolean;
  #closedUntil = 0;

  /** @param isCrowd - whether a failure says that starts are too many */
  constructor({ penaltyMs = PENALTY_MS, isCrowd = isThrottled }: StartGateOptions = {}) {
    this.#penaltyMs = penaltyMs;
    this.#isCrowd = isCrowd;
  }

  /** Starts under way at once, at most. */
  get width(): number {
    return this.#limit.concurrency;
  }

  /**
   * Runs `start` when its turn comes.
   * @throws what `start` throws; the abort reason
   */
  run<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#limit(async () => {
      const waitMs = this.#closedUntil - performance.now();
      if (waitMs > 0) await pause(waitMs, signal);
      signal.throwIfAborted();
      try {
        const started = await start();
        this.#widen();
        return started;
      } catch (error) {
        if (error instanceof PullcastError && this.#isCrowd(error)) this.#narrow(error);
        throw error;
      }
    });
  }

  #narrow(error: PullcastError): void {
    const isPenalised = isPenalty(error);
    this.#limit.concurrency = isPenalised ? 1 : Math.max(1, Math.floor(this.width / 2));
    if (isPenalised) this.#closedUntil = performance.now() + this.#penaltyMs;
  }

  #widen(): void {
    if (this.width < STARTS_AT_ONE) this.#limit.concurrency = this.width + 1;
  }
}

function isThrottled({ code }: PullcastError): boolean {
  return code === "PC206";
}
