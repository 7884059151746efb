import type { ParsedKey } from "ssh2";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { once } from "../util/once.ts";
import { shellWord } from "../util/shell-word.ts";
import type { KeyFile } from "./key-file.ts";
import type { SshOptions } from "./transport.ts";

/** ssh's default, NumberOfPasswordPrompts. */
const TRIES = 3;

/**
 * The private key of an encrypted file.
 * @throws {PullcastError} PC261 where nobody gave the right passphrase
 */
export type UnlockKey = (file: LockedFile) => Promise<ParsedKey>;

/** A key file that needs a passphrase. */
export type LockedFile = KeyFile & Required<Pick<KeyFile, "unlock">>;

/** Unlocks the keys of a run: the passphrase of each file is asked for once, again only after a wrong one. */
export function createUnlockKey(ask: NonNullable<SshOptions["askSecret"]>): UnlockKey {
  const keys = new Map<string, Promise<ParsedKey>>();
  return (file) => once(keys, file.path, () => askFor(file, ask));
}

async function askFor(
  { path, unlock }: LockedFile,
  ask: NonNullable<SshOptions["askSecret"]>,
): Promise<ParsedKey> {
  const question = `Passphrase for ${cleanText(path, 200)}`;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const text = tries === 1 ? question : `That was wrong. ${question} (try ${tries} of ${TRIES})`;
    const passphrase = await ask(`${text}: `);
    if (passphrase === undefined) throw locked(path, "no passphrase was given");
    const key = unlock(passphrase);
    if (key !== undefined) return key;
  }
  throw locked(path, `its passphrase was wrong ${TRIES} times`);
}

function locked(path: string, reason: string): PullcastError {
  const detail = `${path}: ${reason}`;
  return new PullcastError("PC261", { phase: "auth", detail, fix: `ssh-add ${shellWord(path)}` });
}
