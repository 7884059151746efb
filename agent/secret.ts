import { inspect } from "node:util";

const MASK = "***";

/**
 * A value that must not be shown: it prints as `***` in strings, templates, JSON, `console.log`
 * and error texts. `reveal()` is the only way to the value; a test counts its callers.
 */
export class Secret<T extends string | Uint8Array = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it only where it leaves for a node, a registry or a helper. */
  reveal(): T {
    return this.#value;
  }

  /** Whether both hold the same. */
  equals(other: Secret<T>): boolean {
    const [own, theirs] = [this.#value, other.#value];
    if (typeof own === "string" || typeof theirs === "string") return own === theirs;
    return Buffer.from(own).equals(theirs);
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
