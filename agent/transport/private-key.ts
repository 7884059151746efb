import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { ParsedKey } from "ssh2";
import type { Secret } from "../secret.ts";
import { shellWord } from "../util/shell-word.ts";
import { OPENSSH_KEY_MAGIC, sshString } from "./public-blob.ts";
import type { Ssh2 } from "./ssh2.ts";

/** What the text of a private key file is. */
export type PrivateKeyText =
  | { readonly key: ParsedKey }
  /** `undefined` for a wrong passphrase. */
  | { readonly unlock: (passphrase: Secret) => ParsedKey | undefined }
  /** A clause, and the step that mends it. */
  | { readonly reason: string; readonly fix: string };

interface KeyText {
  readonly path: string;
  readonly text: string;
}

/** Reads a private key: OpenSSH's format, PEM, PKCS#8, or PuTTY's as far as ssh2 knows it. */
export function parsePrivateKey(ssh2: Ssh2, { path, text }: KeyText): PrivateKeyText {
  const unlock = (passphrase: Secret) => {
    const key = parse(ssh2, text, passphrase.reveal());
    return key instanceof Error ? undefined : signingAtOnce(key);
  };
  if (text.includes("BEGIN ENCRYPTED PRIVATE KEY")) return { unlock };
  const key = parse(ssh2, text);
  if (!(key instanceof Error)) {
    if (key.isPrivateKey()) return { key: signingAtOnce(key) };
    const reason = "it is a public key, and no agent holds its private half";
    return { reason, fix: "give the private key's file with -i, or ssh-add it" };
  }
  if (/no passphrase given/.test(key.message)) return { unlock };
  if (text.startsWith("PuTTY-User-Key-File")) {
    const fix = `puttygen ${shellWord(path)} -O private-openssh -o ${shellWord(`${path}.openssh`)}, and give that file`;
    return { reason: "it is in PuTTY's format", fix };
  }
  const reason = "it is not a private key of a kind pullcast can use";
  return { reason, fix: "give the right file with -i" };
}

/**
 * Signs with the key as it was read once. ssh2 1.17 reads its PEM text anew for each signature, which takes ten times
 * as long as to sign with Ed25519.
 */
function signingAtOnce(key: ParsedKey): ParsedKey {
  const bySsh2 = key.sign.bind(key);
  let own: KeyObject | undefined;
  key.sign = (data, hash) => {
    // Without a hash the others have one by their type, which ssh2 knows.
    if (hash === undefined && key.type !== "ssh-ed25519") return bySsh2(data);
    try {
      own ??= createPrivateKey(key.getPrivatePEM());
      return sign(hash, typeof data === "string" ? Buffer.from(data) : data, own);
    } catch (error) {
      // As ssh2 does it: what is thrown here would end the process.
      return error as Buffer;
    }
  };
  return key;
}

function parse(ssh2: Ssh2, text: string, passphrase?: string): ParsedKey | Error {
  const isPkcs8 = /BEGIN (?:ENCRYPTED )?PRIVATE KEY/.test(text);
  const parsed: unknown = isPkcs8
    ? ssh2.utils.parseKey(fromPkcs8(text, passphrase))
    : ssh2.utils.parseKey(text, passphrase);
  return (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error;
}

/** ssh2 1.17 reads no PKCS#8; clouds hand keys out in it. */
function fromPkcs8(text: string, passphrase?: string): string {
  try {
    const key = createPrivateKey({
      key: text,
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    if (key.asymmetricKeyType === "ed25519") return toOpenSsh(key);
    const type = key.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
    return key.export({ type, format: "pem" }).toString();
  } catch {
    return "";
  }
}

/** An Ed25519 key in OpenSSH's own format (PROTOCOL.key), unencrypted, in memory only. */
function toOpenSsh(key: KeyObject): string {
  const { x = "", d = "" } = key.export({ format: "jwk" });
  const point = Buffer.from(x, "base64url");
  const type = sshString("ssh-ed25519");
  const blob = Buffer.concat([type, sshString(point)]);
  const check = Buffer.alloc(8);
  const secret = sshString(Buffer.concat([Buffer.from(d, "base64url"), point]));
  const body = Buffer.concat([check, blob, secret, sshString("")]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (body.length % 8)) % 8);
  const file = Buffer.concat([
    OPENSSH_KEY_MAGIC,
    sshString("none"),
    sshString("none"),
    sshString(""),
    Buffer.from([0, 0, 0, 1]),
    sshString(blob),
    sshString(Buffer.concat([body, padding])),
  ]);
  const lines = file.toString("base64").replace(/.{70}/g, "$&\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
