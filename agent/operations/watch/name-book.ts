import { LastingBackoff } from "./lasting-backoff.ts";

interface Entry {
  readonly seenAt: number;
  /** It came while the watch was at work. */
  readonly isNew: boolean;
  dueAt: number;
  failures: number;
  busy: boolean;
  stirred: boolean;
  served: boolean;
}

/** Something that is to be done now. */
export interface NameTask {
  readonly name: string;
  /** ms since 1970. */
  readonly seenAt: number;
  /** It is new, and was not served yet. */
  readonly isNew: boolean;
}

/** Which names there are, and what is due when; told what happened, and when. */
export class NameBook {
  readonly #entries = new Map<string, Entry>();
  readonly #resyncMs: number;
  readonly #backoff: LastingBackoff;
  #listed = false;

  constructor(resyncMs: number, random: () => number = Math.random) {
    this.#resyncMs = resyncMs;
    this.#backoff = new LastingBackoff(random);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All that is there; returns what is gone. */
  list(names: readonly string[], now: number): string[] {
    const there = new Set(names);
    const gone = [...this.#entries.keys()].filter((name) => !there.has(name));
    for (const name of gone) this.#entries.delete(name);
    for (const name of names) this.put(name, now);
    this.#listed = true;
    return gone;
  }

  put(name: string, now: number): void {
    if (this.#entries.has(name)) return;
    this.#entries.set(name, {
      ...{ seenAt: now, isNew: this.#listed, dueAt: now, failures: 0 },
      ...{ busy: false, stirred: false, served: false },
    });
  }

  /** @returns whether it was there */
  gone(name: string): boolean {
    return this.#entries.delete(name);
  }

  /** It is due now, if it is known: something of it is another one. */
  stir(name: string, now: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.dueAt = now;
    entry.stirred = entry.busy;
  }

  stirAll(now: number): void {
    for (const name of this.#entries.keys()) this.stir(name, now);
  }

  /** What is due; it is busy until it is settled. */
  take(now: number): NameTask[] {
    const tasks: NameTask[] = [];
    for (const [name, entry] of this.#entries) {
      if (entry.busy || entry.dueAt > now) continue;
      entry.busy = true;
      entry.stirred = false;
      tasks.push({ name, seenAt: entry.seenAt, isNew: entry.isNew && !entry.served });
    }
    return tasks;
  }

  settle(name: string, succeeded: boolean, now: number): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.busy = false;
    entry.served ||= succeeded;
    entry.failures = succeeded ? 0 : entry.failures + 1;
    const wait = succeeded
      ? this.#backoff.jittered(this.#resyncMs)
      : this.#backoff.after(entry.failures);
    entry.dueAt = entry.stirred ? now : now + wait;
  }

  /** ms since 1970; `Infinity`: not before something happens. */
  nextDueAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { busy, dueAt } of this.#entries.values()) if (!busy) next = Math.min(next, dueAt);
    return next;
  }
}
