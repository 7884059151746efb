/** Nodes in a row that end a run by the same cause. */
const IN_A_ROW = 3;

/** Tells when going on would only repeat what has just failed: a refused login locks accounts, a wrong source fails everywhere. */
export class Breaker {
  #cause: string | undefined;
  #count = 0;

  /**
   * Takes how one more item ended.
   *
   * @param cause - of a failure that another try would only repeat; `undefined` for any other end
   */
  add(cause: string | undefined): void {
    if (this.tripped !== undefined) return;
    this.#count = cause === undefined || cause !== this.#cause ? 1 : this.#count + 1;
    this.#cause = cause;
  }

  /** The cause that ended a row of items; `undefined` while the run may go on. */
  get tripped(): string | undefined {
    return this.#count >= IN_A_ROW ? this.#cause : undefined;
  }
}
