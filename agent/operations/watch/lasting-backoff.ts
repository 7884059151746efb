const FIRST_MS = 2000;
const LAST_MS = 5 * 60_000;

/** Waits of work that is never given up. */
export class LastingBackoff {
  readonly #random: () => number;

  /** @param random - in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Doubles with each failure up to 5 minutes; at least half of it passes, so that many don't come back at once, ms. */
  after(failures: number): number {
    const bound = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
    return bound * (0.5 + this.#random() / 2);
  }

  /** A tenth more or less by chance. */
  jittered(ms: number): number {
    return ms * (0.9 + this.#random() / 5);
  }
}
