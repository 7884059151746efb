/** The time that a phase may take; it stands still while something else than the peer is waited for. */
export class PhaseTimer {
  #timer: NodeJS.Timeout | undefined;
  #onEnd: (() => void) | undefined;
  #leftMs = 0;
  #startedMs = 0;
  #pauses = 0;

  /** Starts anew. */
  start(ms: number, onEnd: () => void): void {
    this.stop();
    this.#leftMs = ms;
    this.#onEnd = onEnd;
    if (this.#pauses === 0) this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#onEnd = undefined;
  }

  /** Stands still while `work` is under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#pause();
    try {
      return await work;
    } finally {
      this.#resume();
    }
  }

  #pause(): void {
    this.#pauses += 1;
    if (this.#pauses > 1) return;
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#startedMs;
  }

  #resume(): void {
    this.#pauses -= 1;
    if (this.#pauses === 0) this.#run();
  }

  #run(): void {
    const onEnd = this.#onEnd;
    if (onEnd === undefined) return;
    this.#startedMs = performance.now();
    this.#timer = setTimeout(onEnd, Math.max(0, this.#leftMs));
  }
}
