import { hostKeyType } from "./host-key.ts";
import { type HostKeyVerdict, hashName, KnownHosts, lookupName } from "./known-hosts.ts";
import { changeKnownHosts, readText, unusable } from "./known-hosts-io.ts";

/** The host keys of a run: files of known_hosts, read once, and added to under `accept-new`. */
export interface HostKeyStore
  extends Pick<
    KnownHosts,
    "judge" | "typesOf" | "keysFor" | "names" | "authorityOf" | "badLinesOf"
  > {
  /**
   * Appends a key that the host proved to own, unless somebody added it meanwhile.
   * @returns what the file said under its lock: `unknown` if the key was added now
   * @throws {PullcastError} PC215 if the file can't be written
   */
  record(key: NewHostKey): Promise<HostKeyVerdict>;
}

/** A key to be added. */
export interface NewHostKey {
  readonly host: string;
  readonly port: number;
  readonly blob: Buffer;
  /** Whether the name is written as a hash. */
  readonly hashed?: boolean;
  /** Stands after the key, for people: one word. */
  readonly comment?: string;
}

/**
 * Reads known_hosts files; a missing one is empty. New keys go to the first.
 * @throws {PullcastError} PC215 if a file is there and can't be read
 */
export async function openHostKeyStore(files: readonly string[]): Promise<HostKeyStore> {
  const known = await loadKnownHosts(files);
  // One writer at a time within the process; the lock file is for others.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    judge: (host, port, blob) => known.judge(host, port, blob),
    typesOf: (host, port) => known.typesOf(host, port),
    keysFor: (host, port) => known.keysFor(host, port),
    names: (name) => known.names(name),
    authorityOf: (host, port) => known.authorityOf(host, port),
    badLinesOf: (host, port) => known.badLinesOf(host, port),
    record(key) {
      const result = turn.then(() => recordKey(files, key));
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

/**
 * What files of known_hosts hold; a missing one is empty.
 * @throws {PullcastError} PC215 if a file is there and can't be read
 */
export async function loadKnownHosts(files: readonly string[]): Promise<KnownHosts> {
  const known = new KnownHosts();
  for (const file of files) known.add(file, await readText(file));
  return known;
}

/** A line of known_hosts with its line feed. */
export function hostKeyLine({ host, port, blob, comment, hashed }: NewHostKey): string {
  const name = lookupName(host, port);
  const words = [hashed ? hashName(name) : name, hostKeyType(blob), blob.toString("base64")];
  return `${[...words, ...(comment === undefined ? [] : [comment])].join(" ")}\n`;
}

async function recordKey(files: readonly string[], key: NewHostKey): Promise<HostKeyVerdict> {
  const file = files[0];
  if (file === undefined) throw unusable("known_hosts", "no file is given to keep new keys");
  // Such a name would mean something else when the file is read again.
  if (/[\s,*?!#|@]/.test(lookupName(key.host, key.port)))
    throw unusable(file, "the host's name can't be written there");
  return await changeKnownHosts(file, async ({ append }) => {
    const verdict = (await loadKnownHosts(files)).judge(key.host, key.port, key.blob);
    if (verdict.type === "unknown") await append(hostKeyLine(key));
    return verdict;
  });
}
