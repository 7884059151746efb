import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import { shellWord } from "../util/shell-word.ts";
import { OPENSSH_KEY_MAGIC, publicBlobIn, sshString } from "./public-blob.ts";
import { systemCode } from "./ssh-error.ts";
import type { Ssh2 } from "./ssh2.ts";

/** What a private key file gave: a key, or a reason; the public half as far as it could be read. */
export interface KeyFile {
  readonly path: string;
  /** The private key, where it is usable as it is. */
  readonly key?: ParsedKey;
  /** Public key blob: an agent may hold the private half of an encrypted file. */
  readonly publicBlob?: Buffer;
  /** Why `key` is absent: a clause. */
  readonly reason?: string;
  /** The step that mends `reason`. */
  readonly fix?: string;
  readonly missing?: boolean;
}

const ANOTHER = "give the right file with -i";

/** Private keys are a few KiB. */
const SIZE_LIMIT = 1024 * 1024;

/** Reads a private key file (OpenSSH, PEM, PKCS#8 or PuTTY). Never throws, never asks for a passphrase. */
export async function readKeyFile(ssh2: Ssh2, path: string): Promise<KeyFile> {
  let text: string;
  try {
    const info = await stat(path);
    if (!info.isFile()) return { path, reason: "it is not a file", fix: ANOTHER };
    if (info.size > SIZE_LIMIT) return { path, reason: "it is too large for a key", fix: ANOTHER };
    text = await readFile(path, "utf8");
    if (text.includes("PRIVATE KEY") && isReadableByOthers(info)) {
      return { path, reason: "others may read it", fix: `chmod 600 ${shellWord(path)}` };
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") {
      return { path, reason: "there is no such file", fix: ANOTHER, missing: true };
    }
    return { path, reason: `it can't be read (${code})`, fix: `ls -ld ${shellWord(path)}` };
  }
  return { path, ...parse(ssh2, { path, text }), ...(await publicHalf(ssh2, path, text)) };
}

/** ssh refuses such a key of one's own too (authfile.c, `sshkey_perm_ok`). */
function isReadableByOthers(info: { readonly mode: number; readonly uid: number }): boolean {
  return info.uid === process.getuid?.() && (info.mode & 0o077) !== 0;
}

type Parsed = Pick<KeyFile, "key" | "reason" | "fix">;

function parse(
  ssh2: Ssh2,
  { path, text }: { readonly path: string; readonly text: string },
): Parsed {
  const parsed: unknown = ssh2.utils.parseKey(
    text.includes("BEGIN PRIVATE KEY") ? fromPkcs8(text) : text,
  );
  const key = (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey | Error;
  if (!(key instanceof Error)) {
    if (key.isPrivateKey()) return { key };
    const reason = "it is a public key, and no agent holds its private half";
    return { reason, fix: "give the private key's file with -i, or ssh-add it" };
  }
  if (/encrypted/i.test(key.message) || text.includes("ENCRYPTED PRIVATE KEY")) {
    const reason = "it is encrypted, and no agent holds it";
    return { reason, fix: `ssh-add ${shellWord(path)}` };
  }
  return { reason: "it is not a private key of a kind pullcast can use", fix: ANOTHER };
}

/** ssh2 1.17 reads no PKCS#8; clouds hand keys out in it. */
function fromPkcs8(text: string): string {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === "ed25519") return toOpenSsh(key);
    const type = key.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
    return key.export({ type, format: "pem" }).toString();
  } catch {
    return text;
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

async function publicHalf(
  ssh2: Ssh2,
  path: string,
  text: string,
): Promise<{ publicBlob: Buffer } | undefined> {
  const own = ssh2.utils.parseKey(text);
  if (!(own instanceof Error)) return { publicBlob: own.getPublicSSH() };
  const blob = publicBlobIn(text);
  if (blob !== undefined) return { publicBlob: blob };
  const beside = ssh2.utils.parseKey(await readFile(`${path}.pub`, "utf8").catch(() => ""));
  return beside instanceof Error ? undefined : { publicBlob: beside.getPublicSSH() };
}
