/** Counts items that ended badly, up to a number that ends the run. */
export class FailureLimit<Item> {
  readonly #allowed: number;
  readonly #failed = new Set<Item>();

  /** @param allowed - so many may fail; one more ends the run. `Infinity`: none ends it */
  constructor(allowed: number) {
    this.#allowed = allowed;
  }

  /** Takes an item that ended badly; the same one again counts once. */
  add(item: Item): void {
    this.#failed.add(item);
  }

  get failed(): number {
    return this.#failed.size;
  }

  get allowed(): number {
    return this.#allowed;
  }

  get exceeded(): boolean {
    return this.#failed.size > this.#allowed;
  }
}
