import { constants } from "node:fs";
import { mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PullcastError } from "../errors.ts";
import { hostKeyType } from "./host-key.ts";
import { type HostKeyVerdict, KnownHosts, type KnownKey, lookupName } from "./known-hosts.ts";
import { systemCode } from "./ssh-error.ts";

/** More than this is no known_hosts: 64 MiB. */
const SIZE_LIMIT = 64 * 1024 * 1024;

/** A lock older than this belongs to a writer that died; writing takes milliseconds. */
const STALE_MS = 10_000;

/** The host keys of a run: files of known_hosts, read once, and added to under `accept-new`. */
export interface HostKeyStore {
  judge(host: string, port: number, blob: Buffer): HostKeyVerdict;
  typesOf(host: string, port: number): Set<string>;
  keysFor(host: string, port: number): readonly KnownKey[];
  /**
   * Appends a key that the host proved to own, unless somebody added it meanwhile.
   * @returns what the file said under its lock: `unknown` if the key was added now
   * @throws {PullcastError} PC215 if the file can't be written
   */
  record(host: string, port: number, blob: Buffer): Promise<HostKeyVerdict>;
}

/**
 * Reads known_hosts files; a missing one is empty. New keys go to the first.
 * @throws {PullcastError} PC215 if a file is there and can't be read
 */
export async function openHostKeyStore(files: readonly string[]): Promise<HostKeyStore> {
  const known = await load(files);
  // One writer at a time within the process; the lock file is for others.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    judge: (host, port, blob) => known.judge(host, port, blob),
    typesOf: (host, port) => known.typesOf(host, port),
    keysFor: (host, port) => known.keysFor(host, port),
    record(host, port, blob) {
      const result = turn.then(() => recordKey(files, { host, port, blob }));
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

async function load(files: readonly string[]): Promise<KnownHosts> {
  const known = new KnownHosts();
  for (const file of files) known.add(file, await readText(file));
  return known;
}

async function readText(file: string): Promise<string> {
  try {
    const { size, ...info } = await statWithKind(file);
    if (info.kind === "missing") return "";
    if (info.kind === "other") throw unusable(file, "it is not a file");
    if (size > SIZE_LIMIT) throw unusable(file, "it is larger than 64 MiB");
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof PullcastError) throw error;
    throw unusable(file, systemCode(error), error);
  }
}

/** Not a FIFO or socket: reading one could wait for ever. `/dev/null` is a usual empty file. */
async function statWithKind(
  file: string,
): Promise<{ kind: "missing" | "file" | "other"; size: number }> {
  try {
    const info = await stat(file);
    return { kind: info.isFile() || file === "/dev/null" ? "file" : "other", size: info.size };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { kind: "missing", size: 0 };
    throw error;
  }
}

function unusable(file: string, detail: string, cause?: unknown): PullcastError {
  return new PullcastError("PC215", { detail: `${file}: ${detail}`, phase: "host-key", cause });
}

interface HostKey {
  readonly host: string;
  readonly port: number;
  readonly blob: Buffer;
}

async function recordKey(files: readonly string[], key: HostKey): Promise<HostKeyVerdict> {
  const file = files[0];
  if (file === undefined) throw unusable("known_hosts", "no file is given to keep new keys");
  const name = lookupName(key.host, key.port);
  // Such a name would mean something else when the file is read again.
  if (/[\s,*?!#|@]/.test(name)) throw unusable(file, "the host's name can't be written there");
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await withLock(file, async () => {
      const text = await readText(file);
      const verdict = (await load(files)).judge(key.host, key.port, key.blob);
      if (verdict.type === "unknown") {
        const start = text === "" || text.endsWith("\n") ? "" : "\n";
        const line = `${name} ${hostKeyType(key.blob)} ${key.blob.toString("base64")}\n`;
        await append(file, `${start}${line}`);
      }
      return verdict;
    });
  } catch (error) {
    if (error instanceof PullcastError) throw error;
    throw unusable(file, `a new key can't be added: ${systemCode(error)}`, error);
  }
}

async function append(file: string, text: string): Promise<void> {
  const handle = await open(
    file,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
    0o600,
  );
  try {
    // One write: with O_APPEND it lands whole, also beside ssh, which takes no lock.
    await handle.write(text);
  } finally {
    await handle.close();
  }
}

async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (file === "/dev/null") return await work();
  const lock = `${file}.lock`;
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => undefined);
  }
}

async function takeLock(lock: string): Promise<void> {
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.close();
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    await removeStale(lock);
    await delay(10 + Math.random() * 20);
  }
}

async function removeStale(lock: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(lock);
    if (Date.now() - mtimeMs > STALE_MS) await unlink(lock);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
