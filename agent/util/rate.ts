import { performance } from "node:perf_hooks";

/** A limit of bytes a second that several streams share, in the order in which they ask. */
export class Rate {
  readonly #bytesPerMs: number;
  /** When all that was let through so far is over. */
  #freeAt = 0;

  /** @param bytesPerSecond - above 0 */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Waits until so many bytes may go. */
  async take(bytes: number): Promise<void> {
    const now = performance.now();
    const from = Math.max(now, this.#freeAt);
    this.#freeAt = from + bytes / this.#bytesPerMs;
    if (from <= now) return;
    // A run that was stopped doesn't wait for it.
    await new Promise<void>((resolve) => setTimeout(resolve, from - now).unref());
  }
}
