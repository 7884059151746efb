import { cleanText } from "../util/clean-text.ts";
import { WireReader } from "./public-blob.ts";

/** SSH_MSG_KEXINIT (RFC 4253, 12), and the random bytes behind it. */
const KEXINIT = 20;
const COOKIE_BYTES = 16;

/** What each list is about, in the order of RFC 4253, 7.1, by ssh2's words for finding nothing in common. */
const LISTS = [
  /key exchange algorithm/,
  /host key format/,
  /C->S cipher/,
  /S->C cipher/,
  /C->S MAC/,
  /S->C MAC/,
] as const;

/** Names that are no algorithms but tell of extensions (RFC 8308; OpenSSH's PROTOCOL, 1.10). */
const MARKS = /^(?:ext-info-[cs]|kex-strict-[cs]-v00@openssh\.com)$/;

/**
 * What a peer offers of the kind that ssh2 found nothing in common in: its KEXINIT comes in the clear.
 *
 * @param bytes - what the peer sent, from its `SSH-` line on
 * @param message - ssh2's
 * @returns names, cleaned; `undefined` where the bytes don't tell
 */
export function offeredBy(bytes: Buffer, message: string): readonly string[] | undefined {
  const list = LISTS.findIndex((pattern) => pattern.test(message));
  // After the line: the packet's length in four bytes, that of its padding in one.
  const start = bytes.indexOf("\n") + 1 + 5;
  if (list < 0 || bytes[start] !== KEXINIT) return undefined;
  const reader = new WireReader(bytes, start + 1 + COOKIE_BYTES);
  try {
    for (let before = 0; before < list; before += 1) reader.string();
    const names = reader.string().toString("latin1").split(",");
    return names.filter((name) => !MARKS.test(name)).map((name) => cleanText(name, 80));
  } catch {
    return undefined;
  }
}
