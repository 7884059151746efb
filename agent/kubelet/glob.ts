import { fromByteText } from "./utf8.ts";

/** One place of a pattern: any run of characters, or one character that passes. */
type Token = "any" | ((char: string) => boolean);

/**
 * Whether a name of ASCII without a slash matches a shell pattern: `*`, `?`, `[a-z]`, `[^a-z]`, `\`
 * before a character. A broken pattern matches nothing.
 *
 * Source: Go's path/filepath, Match.
 *
 * @param pattern - one unit per byte, as `toByteText` makes it
 */
export function matchesGlob(pattern: string, name: string): boolean {
  if (!/[*?[\\]/.test(pattern)) return pattern === name;
  const tokens = compile(pattern);
  return tokens !== undefined && matchesTokens(tokens, name);
}

/** Goes back to the last star alone, so that no pattern takes exponential time. */
function matchesTokens(tokens: readonly Token[], name: string): boolean {
  let at = 0;
  let token = 0;
  let star: { token: number; at: number } | undefined;
  while (at < name.length || token < tokens.length) {
    const next = tokens[token];
    const char = name[at];
    if (next === "any") {
      star = { token, at };
      token += 1;
    } else if (next !== undefined && char !== undefined && next(char)) {
      token += 1;
      at += 1;
    } else if (star !== undefined && star.at < name.length) {
      star.at += 1;
      token = star.token + 1;
      at = star.at;
    } else return false;
  }
  return true;
}

/** `undefined` if the pattern is broken. */
function compile(pattern: string): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const next = readToken(pattern, at);
    if (next === undefined) return undefined;
    tokens.push(next.token);
    at = next.end;
  }
  return tokens;
}

interface Read {
  readonly token: Token;
  readonly end: number;
}

function readToken(pattern: string, at: number): Read | undefined {
  switch (pattern[at]) {
    case "*":
      return { token: "any", end: at + 1 };
    case "?":
      return { token: () => true, end: at + 1 };
    case "[":
      return readSet(pattern, at + 1);
    case "\\":
      return readLiteral(pattern, at + 1);
    default:
      return readLiteral(pattern, at);
  }
}

function readLiteral(pattern: string, at: number): Read | undefined {
  const literal = pattern[at];
  if (literal === undefined) return undefined;
  return { token: (char) => char === literal, end: at + 1 };
}

interface Bound {
  readonly code: number;
  readonly end: number;
}

/** Reads `a-z]` or `^a-z]`; at least one range must stand in it. */
function readSet(pattern: string, from: number): Read | undefined {
  const negated = pattern[from] === "^";
  const ranges: { low: number; high: number }[] = [];
  let at = negated ? from + 1 : from;
  while (pattern[at] !== "]" || ranges.length === 0) {
    const low = readBound(pattern, at);
    if (low === undefined) return undefined;
    const high = pattern[low.end] === "-" ? readBound(pattern, low.end + 1) : low;
    if (high === undefined) return undefined;
    ranges.push({ low: low.code, high: high.code });
    at = high.end;
  }
  const inRange = (code: number) => ranges.some(({ low, high }) => low <= code && code <= high);
  return { token: (char) => inRange(char.charCodeAt(0)) !== negated, end: at + 1 };
}

/** One character of a range, perhaps behind a backslash; something must follow it. */
function readBound(pattern: string, from: number): Bound | undefined {
  if (pattern[from] === "-" || pattern[from] === "]") return undefined;
  const at = pattern[from] === "\\" ? from + 1 : from;
  const bytes = /^(?:[\0-\x7f]|[\xc2-\xf4][\x80-\xbf]{1,3})/.exec(pattern.slice(at, at + 4))?.[0];
  const char = bytes === undefined ? undefined : [...fromByteText(bytes)][0];
  if (char === undefined) return undefined;
  const end = at + Buffer.byteLength(char);
  return end < pattern.length ? { code: char.codePointAt(0) ?? 0, end } : undefined;
}
