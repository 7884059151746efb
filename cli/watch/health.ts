import type { PullcastEvent } from "../../agent/index.ts";

/** Longer than the loop's longest pause: it hangs. */
const STUCK_MS = 60_000;

/** Whether a watch is alive and at work, as its events tell. */
export class Health {
  #tickedAt = Date.now();
  #listed = false;
  #lost = false;

  tick(): void {
    this.#tickedAt = Date.now();
  }

  event({ type }: PullcastEvent): void {
    if (type === "cluster-listed") {
      this.#listed = true;
      this.#lost = false;
    }
    if (type === "cluster-lost") this.#lost = true;
  }

  /** Why it should be started anew, or `undefined`. */
  get unhealthy(): string | undefined {
    const silentMs = Date.now() - this.#tickedAt;
    if (silentMs < STUCK_MS) return undefined;
    return `the loop has not been at work for ${Math.round(silentMs / 1000)} s`;
  }

  /** Why it does not follow its cluster now, or `undefined`. */
  get unready(): string | undefined {
    if (!this.#listed) return "the nodes were not listed yet";
    return this.#lost ? "the cluster can't be followed" : this.unhealthy;
  }
}
