const BRACKETS = /[[\]{}"]/g;

/** Go's encoding/json refuses what is nested deeper. */
const MAX_DEPTH = 10_000;

/**
 * Walks JSON in the order of the text, with fields that stand twice: JSON.parse keeps the last alone.
 * The text must be JSON; values are taken one by one, each exactly once.
 */
export class JsonReader {
  readonly #text: string;
  #at = 0;
  #lastName = { from: 0, to: 0 };

  constructor(text: string) {
    this.#text = text;
    this.#skipSpace();
  }

  /** Where the next value begins, or what follows the last one, in characters. */
  get at(): number {
    return this.#at;
  }

  /** Where the last field's name stands, quotes included; `to` is excluded. */
  get lastName(): { readonly from: number; readonly to: number } {
    return this.#lastName;
  }

  /** What stands here. */
  get kind(): "object" | "array" | "string" | "null" | "other" {
    switch (this.#text[this.#at]) {
      case "{":
        return "object";
      case "[":
        return "array";
      case '"':
        return "string";
      case "n":
        return "null";
      default:
        return "other";
    }
  }

  /** The object's field names; whoever gets one takes its value before the next. */
  *fields(): Generator<string> {
    this.#step();
    if (this.#text[this.#at] === "}") {
      this.#step();
      return;
    }
    for (;;) {
      const from = this.#at;
      const name = this.takeString();
      this.#lastName = { from, to: endOfString(this.#text, from) };
      this.#step();
      yield name;
      const end = this.#text[this.#at] === "}";
      this.#step();
      if (end) return;
    }
  }

  /** Half a character, which only an escape can make, is U+FFFD in Go. */
  takeString(): string {
    const from = this.#at;
    this.#at = endOfString(this.#text, from);
    const value = JSON.parse(this.#text.slice(from, this.#at)) as string;
    this.#skipSpace();
    return value.toWellFormed();
  }

  skip(): void {
    if (this.kind === "object" || this.kind === "array") this.#skipNested();
    else if (this.kind === "string") this.#at = endOfString(this.#text, this.#at);
    else while (/[\w+.-]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    this.#skipSpace();
  }

  #skipNested(): void {
    let depth = 0;
    do {
      BRACKETS.lastIndex = this.#at;
      const at = BRACKETS.exec(this.#text)?.index ?? this.#text.length;
      const char = this.#text[at];
      this.#at = char === '"' ? endOfString(this.#text, at) : at + 1;
      if (char !== '"') depth += char === "{" || char === "[" ? 1 : -1;
    } while (depth > 0 && this.#at < this.#text.length);
  }

  /** One sign of the grammar, and the space behind it. */
  #step(): void {
    this.#at += 1;
    this.#skipSpace();
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at += 1;
  }
}

/** Whether a text that is JSON nests deeper than Go reads (encoding/json, maxNestingDepth). */
export function nestsTooDeep(text: string): boolean {
  let depth = 0;
  BRACKETS.lastIndex = 0;
  for (let match = BRACKETS.exec(text); match !== null; match = BRACKETS.exec(text)) {
    if (match[0] === '"') BRACKETS.lastIndex = endOfString(text, match.index);
    else depth += match[0] === "{" || match[0] === "[" ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Behind the closing quote of the string that opens here. */
function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
