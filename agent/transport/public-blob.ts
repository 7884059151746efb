import type { ParsedKey } from "ssh2";
import { hostKeyType } from "./host-key.ts";
import type { Ssh2 } from "./ssh2.ts";

/** A string of the SSH wire format (RFC 4251, 5): its length, then its bytes. */
export function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads strings of the SSH wire format one after another; each throws where the bytes end too early. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  long(): bigint {
    const value = this.#bytes.readBigUInt64BE(this.#at);
    this.#at += 8;
    return value;
  }

  string(): Buffer {
    const length = this.number();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("the bytes end within a string");
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }
}

/** Before the strings of a private key in OpenSSH's format (PROTOCOL.key). */
export const OPENSSH_KEY_MAGIC = Buffer.from("openssh-key-v1\0");

/**
 * The public key blob in a key's text: a line `TYPE BASE64 …`, or OpenSSH's private format, where it stands
 * in the clear in encrypted files as well.
 *
 * @returns `undefined` where the text shows none
 */
export function publicBlobIn(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1];
  if (body === undefined) {
    const [, line] = /^\s*[a-z0-9@.-]+[ \t]+(AAAA[A-Za-z0-9+/=]+)/.exec(text) ?? [];
    return line === undefined ? undefined : Buffer.from(line, "base64");
  }
  const reader = new WireReader(Buffer.from(body, "base64"), OPENSSH_KEY_MAGIC.length);
  try {
    // Cipher, key derivation and its options, then the number of keys.
    for (let field = 0; field < 3; field += 1) reader.string();
    reader.number();
    return Buffer.from(reader.string());
  } catch {
    return undefined;
  }
}

/** The key of a public key blob; `undefined` for a kind that ssh2 doesn't know, such as certificates. */
export function parsePublicBlob(ssh2: Ssh2, blob: Buffer): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(`${hostKeyType(blob)} ${blob.toString("base64")}`);
  return key instanceof Error ? undefined : key;
}
