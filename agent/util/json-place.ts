/** Where a text stops being JSON; both count from 1, columns in UTF-16 units. */
export interface JsonPlace {
  readonly line: number;
  readonly column: number;
}

const SPACE = /[ \t\r\n]*/y;
// A string's plain characters are named by ranges: all but the quote, the backslash and what is below the space.
const KEY = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*"[ \t\r\n]*:/y;
const STRING = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The place where a text stops being JSON (RFC 8259), `undefined` if it is JSON.
 * JSON.parse can't say it: its messages quote the text, which may be a password, and not all have a place.
 */
export function findJsonError(text: string): JsonPlace | undefined {
  const offset = new Scanner(text).firstError();
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** What may come next: a value, or what follows one. */
type Step = "value" | "after" | "error";

/** Walks with a stack of its own: a file of 100,000 brackets must not end the process. */
class Scanner {
  readonly #text: string;
  readonly #open: ("{" | "[")[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  firstError(): number | undefined {
    let wantsValue = true;
    for (;;) {
      this.#take(SPACE);
      if (!wantsValue && this.#open.length === 0) {
        return this.#at === this.#text.length ? undefined : this.#at;
      }
      const next: Step = wantsValue ? this.#value() : this.#afterValue();
      if (next === "error") return this.#at;
      wantsValue = next === "value";
    }
  }

  /** Reads a scalar, or opens a list or an object. */
  #value(): Step {
    const char = this.#text[this.#at];
    if (char !== "{" && char !== "[") return this.#scalar() ? "after" : "error";
    this.#at += 1;
    this.#take(SPACE);
    if (this.#text[this.#at] === (char === "{" ? "}" : "]")) {
      this.#at += 1;
      return "after";
    }
    this.#open.push(char);
    return this.#member(char);
  }

  #afterValue(): Step {
    const inside = this.#open.at(-1) ?? "[";
    const char = this.#text[this.#at];
    if (char === (inside === "{" ? "}" : "]")) {
      this.#at += 1;
      this.#open.pop();
      return "after";
    }
    if (char !== ",") return "error";
    this.#at += 1;
    this.#take(SPACE);
    return this.#member(inside);
  }

  #member(inside: "{" | "["): Step {
    return inside === "[" || this.#take(KEY) ? "value" : "error";
  }

  #scalar(): boolean {
    return this.#take(STRING) || this.#take(NUMBER) || this.#take(WORD);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
