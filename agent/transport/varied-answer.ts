import type { SshAnswer } from "./ask-ssh.ts";

type Values = readonly string[];

/** ssh's answer about a host, kept as what differs from another: a thousand whole ones would be 20 MB. */
export class VariedAnswer implements SshAnswer {
  readonly #base: SshAnswer;
  /** `undefined` where only the other has a value. */
  readonly #own: ReadonlyMap<string, Values | undefined>;

  constructor(base: SshAnswer, own: ReadonlyMap<string, Values | undefined>) {
    this.#base = base;
    this.#own = own;
  }

  get size(): number {
    return [...this].length;
  }

  get(keyword: string): Values | undefined {
    return this.#own.has(keyword) ? this.#own.get(keyword) : this.#base.get(keyword);
  }

  *[Symbol.iterator](): Generator<readonly [string, Values]> {
    for (const [keyword, values] of this.#own) if (values !== undefined) yield [keyword, values];
    for (const said of this.#base) if (!this.#own.has(said[0])) yield said;
  }
}

/** The same answer, in less room where it is much like `base`. */
export function variedFrom(base: SshAnswer, answer: SshAnswer): SshAnswer {
  const own = new Map<string, Values | undefined>();
  for (const [keyword, values] of answer) {
    if (!sameValues(values, base.get(keyword))) own.set(keyword, values);
  }
  for (const [keyword] of base) {
    if (answer.get(keyword) === undefined) own.set(keyword, undefined);
  }
  return 2 * own.size < answer.size ? new VariedAnswer(base, own) : answer;
}

/** Whether two answers say the same of a keyword. */
export function sameValues(values: Values, others: Values | undefined): boolean {
  return (
    values.length === others?.length && values.every((value, index) => value === others[index])
  );
}
