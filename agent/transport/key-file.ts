import { readFile, stat } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import type { Secret } from "../secret.ts";
import { shellWord } from "../util/shell-word.ts";
import { parsePrivateKey } from "./private-key.ts";
import { parsePublicBlob, publicBlobIn } from "./public-blob.ts";
import { systemCode } from "./ssh-error.ts";
import type { Ssh2 } from "./ssh2.ts";

/** What a private key file gave: a key, a lock or a reason; the public half as far as it could be read. */
export interface KeyFile {
  readonly path: string;
  /** The private key, where it is usable as it is. */
  readonly key?: ParsedKey;
  /** The private key for its passphrase, `undefined` for a wrong one; absent where the file is not encrypted. */
  readonly unlock?: (passphrase: Secret) => ParsedKey | undefined;
  /** An agent may hold the private half of any file. */
  readonly publicKey?: ParsedKey;
  /** Why there is neither `key` nor `unlock`: a clause. */
  readonly reason?: string;
  /** The step that mends `reason`. */
  readonly fix?: string;
  readonly missing?: boolean;
}

const ANOTHER = "give the right file with -i";

/** Private keys are a few KiB. */
const SIZE_LIMIT = 1024 * 1024;

/** Reads a private key file, or the public one beside it. Never throws, never asks for a passphrase. */
export async function readKeyFile(ssh2: Ssh2, path: string): Promise<KeyFile> {
  const own = await readOwn(ssh2, path);
  const { text = "", ...file } = own;
  const publicKey =
    own.key ?? publicKeyIn(ssh2, text) ?? publicKeyIn(ssh2, await readText(`${path}.pub`));
  return { path, ...file, ...(publicKey === undefined ? {} : { publicKey }) };
}

type Own = Omit<KeyFile, "path" | "publicKey"> & { readonly text?: string };

async function readOwn(ssh2: Ssh2, path: string): Promise<Own> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { reason: "it is not a file", fix: ANOTHER };
    if (info.size > SIZE_LIMIT) return { reason: "it is too large for a key", fix: ANOTHER };
    const text = await readFile(path, "utf8");
    if (isPrivate(text) && isReadableByOthers(info)) {
      const mode = (info.mode & 0o777).toString(8).padStart(4, "0");
      return {
        text,
        reason: `others may read it (mode ${mode})`,
        fix: `chmod 600 ${shellWord(path)}`,
      };
    }
    return { text, ...parsePrivateKey(ssh2, { path, text }) };
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return { reason: "there is no such file", fix: ANOTHER, missing: true };
    return { reason: `it can't be read (${code})`, fix: `ls -ld ${shellWord(path)}` };
  }
}

function isPrivate(text: string): boolean {
  return text.includes("PRIVATE KEY") || text.startsWith("PuTTY-User-Key-File");
}

/** ssh refuses such a key of one's own too (authfile.c, `sshkey_perm_ok`). */
function isReadableByOthers(info: { readonly mode: number; readonly uid: number }): boolean {
  return info.uid === process.getuid?.() && (info.mode & 0o077) !== 0;
}

function publicKeyIn(ssh2: Ssh2, text: string): ParsedKey | undefined {
  const blob = publicBlobIn(text);
  return blob === undefined ? undefined : parsePublicBlob(ssh2, blob);
}

/** Of a key whose private half only an agent has, the public file is often the only one. */
async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}
