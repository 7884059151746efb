import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, readFile, realpath, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PullcastError } from "../errors.ts";
import { systemCode } from "./ssh-error.ts";

/** More than this is no known_hosts: 64 MiB. */
const SIZE_LIMIT = 64 * 1024 * 1024;

/** A lock older than this belongs to a writer that died; writing takes milliseconds. */
const STALE_MS = 10_000;

/** Longer than a lock takes to get stale. */
const PATIENCE_MS = 15_000;

/**
 * The text of a known_hosts file; a missing one is empty.
 * @throws {PullcastError} PC215 if it is there and can't be read
 */
export async function readText(file: string): Promise<string> {
  try {
    const { size, ...info } = await statWithKind(file);
    if (info.kind === "missing") return "";
    if (info.kind === "other") throw unusable(file, "it is not a file");
    if (info.kind === "dangling") throw unusable(file, "it is a link to a file that isn't there");
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
): Promise<{ kind: "missing" | "dangling" | "file" | "other"; size: number }> {
  try {
    const info = await stat(file);
    return { kind: info.isFile() || file === "/dev/null" ? "file" : "other", size: info.size };
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    const isThere = await lstat(file).then(
      () => true,
      () => false,
    );
    return { kind: isThere ? "dangling" : "missing", size: 0 };
  }
}

/** A file of known_hosts that can't be used (PC215). */
export function unusable(file: string, detail: string, cause?: unknown): PullcastError {
  return new PullcastError("PC215", { detail: `${file}: ${detail}`, phase: "host-key", cause });
}

/** What may be done to a file while nobody else does. */
interface LockedFile {
  readonly text: string;
  /** Adds whole lines at the end, each ending with a line feed; what stands there stays as it is. */
  append(lines: string): Promise<void>;
  /** Puts another text in place of all, at once. */
  rewrite(text: string): Promise<void>;
}

/**
 * Lets `work` change a known_hosts file while no other run of pullcast does; a missing directory is made, 0700.
 * @throws {PullcastError} PC215 if the file can't be read or written
 */
export async function changeKnownHosts<T>(
  file: string,
  work: (locked: LockedFile) => Promise<T>,
): Promise<T> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await withLock(file, async () => {
      const text = await readText(file);
      return await work({
        text,
        append: (lines) =>
          append(file, `${text === "" || text.endsWith("\n") ? "" : "\n"}${lines}`),
        rewrite: (changed) => rewrite(file, changed),
      });
    });
  } catch (error) {
    if (error instanceof PullcastError) throw error;
    throw unusable(file, `it can't be changed: ${systemCode(error)}`, error);
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

async function rewrite(file: string, text: string): Promise<void> {
  // A link stays one.
  const target = await realpath(file);
  const temp = `${target}.${randomBytes(6).toString("hex")}`;
  try {
    const handle = await open(temp, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temp, target);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (file === "/dev/null") return await work();
  const lock = `${file}.lock`;
  await takeLock(file, lock);
  try {
    return await work();
  } finally {
    await unlink(lock).catch(() => undefined);
  }
}

async function takeLock(file: string, lock: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    try {
      const handle = await open(lock, "wx", 0o600);
      await handle.close();
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    await removeStale(lock);
    if (performance.now() - startedMs > PATIENCE_MS) {
      throw unusable(file, `another run holds ${lock}; remove it if there is none`);
    }
    await delay(10 + Math.random() * 20);
  }
}

async function removeStale(lock: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(lock);
    // A clock may have been set back: nothing is written for so long, nor so long ahead.
    if (Math.abs(Date.now() - mtimeMs) <= STALE_MS) return;
    // Whoever gets the name removes that very file, not a fresh one in its place.
    const taken = `${lock}.${randomBytes(6).toString("hex")}`;
    await rename(lock, taken);
    await unlink(taken);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
