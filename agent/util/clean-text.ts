/** Control, format (bidi, zero-width), all that is drawn as nothing, line and paragraph separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{DI}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Most texts: nothing to make visible, one character for one code unit. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * Makes untrusted text safe for terminals and logs, on one line: every character that could steer
 * a terminal or hide text becomes visible (`\x1b`, `\u202e`), line ends become ` ⏎ `, tabs a space.
 *
 * @param maxLength the longest result, in characters, 1 or more; a longer one ends in `…`
 */
export function cleanText(text: string, maxLength: number): string {
  const trimmed = text.trim();
  if (trimmed.length <= maxLength && PLAIN.test(trimmed)) return trimmed;
  // One character is at most 2 code units, so more can't matter.
  const source = trimmed.slice(0, 2 * maxLength + 2);
  const pieces: string[] = [];
  let length = 0;
  let index = 0;
  while (index < source.length) {
    const [piece, width] = cleanAt(source, index);
    index += width;
    length += [...piece].length;
    pieces.push(piece);
    if (length > maxLength) return `${cut(pieces, length, maxLength - 1).trimEnd()}…`;
  }
  return pieces.join("");
}

/** The safe form of what stands at `index`, and how many code units that is. */
function cleanAt(source: string, index: number): [piece: string, width: number] {
  const unit = source.charCodeAt(index);
  if (unit >= 0x20 && unit < 0x7f) return [source.charAt(index), 1];
  if (source.startsWith("\r\n", index)) return [" ⏎ ", 2];
  const char = String.fromCodePoint(source.codePointAt(index) ?? 0);
  if (char === "\n") return [" ⏎ ", 1];
  if (char === "\t") return [" ", 1];
  return [UNSAFE.test(char) ? escapeChar(char) : char, char.length];
}

function escapeChar(char: string): string {
  const hex = (char.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/** Whole pieces only, so that no escape is cut in two. */
function cut(pieces: readonly string[], length: number, maxLength: number): string {
  let end = pieces.length;
  let left = length;
  while (end > 0 && left > maxLength) {
    end -= 1;
    left -= [...(pieces[end] ?? "")].length;
  }
  return pieces.slice(0, end).join("");
}
