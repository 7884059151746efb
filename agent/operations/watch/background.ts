/** Work that a loop begins and does not wait for; what it throws is a bug, and ends the loop. */
export class Background {
  readonly #running = new Set<Promise<void>>();
  #broken: { readonly error: unknown } | undefined;

  /** @param onEnd - called once it has ended, however */
  add(work: Promise<void>, onEnd: () => void): void {
    const running = work
      .catch((error: unknown) => {
        this.#broken = { error };
      })
      .finally(() => {
        this.#running.delete(running);
        onEnd();
      });
    this.#running.add(running);
  }

  /** @throws what any of it threw */
  throwIfBroken(): void {
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /** Resolves once all that was begun has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
