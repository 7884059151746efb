import { isUtf8 } from "node:buffer";

const REPLACEMENT = Buffer.from("\ufffd");

/**
 * Decodes UTF-8 as Go does: each byte that belongs to no character becomes one U+FFFD, and a byte
 * order mark stays (unicode/utf8, DecodeRune). TextDecoder makes one U+FFFD of a cut character.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const mended = isUtf8(bytes) ? bytes : mend(bytes);
  return Buffer.from(mended.buffer, mended.byteOffset, mended.byteLength).toString("utf8");
}

/** A text's UTF-8 bytes as a string of one unit per byte: Go's strings compare, sort and cut by bytes. */
export function toByteText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The reverse of `toByteText`. */
export function fromByteText(bytes: string): string {
  return decodeUtf8(Buffer.from(bytes, "latin1"));
}

function mend(bytes: Uint8Array): Uint8Array {
  const mended = Buffer.alloc(bytes.length * REPLACEMENT.length);
  let end = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    mended.set(length === 0 ? REPLACEMENT : bytes.subarray(at, at + length), end);
    end += length || REPLACEMENT.length;
    at += length || 1;
  }
  return mended.subarray(0, end);
}

/** Bytes of the character that begins here, 0 if none does (Unicode, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  if (second < lowestSecond(first) || second > highestSecond(first)) return 0;
  for (let next = at + 2; next < at + length; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function lowestSecond(first: number): number {
  return first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(first: number): number {
  return first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
}
