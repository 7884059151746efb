import type { Report } from "../../events.ts";

interface Waiting {
  /** When a denial is final. */
  readonly until: Date;
  readonly nextTry: Date;
}

/** Many nodes begin to wait at nearly one time: one event tells of all. */
const COALESCE_MS = 100;

/** The nodes between two tries; tells of them in `waiting` events. */
export class WaitingRoom {
  readonly #report: Report;
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  enter(node: string, waiting: Waiting): void {
    this.#waiting.set(node, waiting);
    this.#timer ??= setTimeout(() => this.#tell(), COALESCE_MS);
  }

  leave(node: string): void {
    this.#waiting.delete(node);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#timer = undefined;
    const all = [...this.#waiting.values()];
    if (all.length === 0) return;
    const until = Math.max(...all.map((waiting) => waiting.until.getTime()));
    const nextTry = Math.min(...all.map((waiting) => waiting.nextTry.getTime()));
    this.#report({
      type: "waiting",
      nodes: [...this.#waiting.keys()],
      until: new Date(until).toISOString(),
      nextTryMs: Math.max(0, nextTry - Date.now()),
    });
  }
}
