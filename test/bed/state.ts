import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BedError, type BedState } from "./model.ts";

const CLAIM_FILE = "claim";

/** Where beds keep what they made: `$XDG_STATE_HOME/pullcast-bed`. */
export function stateRoot(): string {
  return join(process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "pullcast-bed");
}

/** Where slow builds are kept between beds: `$XDG_CACHE_HOME/pullcast-bed`. */
export function cacheRoot(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "pullcast-bed");
}

/** The state directory of one bed; it need not exist. */
export function stateDir(name: string): string {
  return join(stateRoot(), name);
}

/** A bed's state directory, and a sign to tell it from that of a later bed of the same name. */
export interface Claim {
  readonly dir: string;
  readonly sign: string;
}

/** Makes the directory of one bed, 0700; throws BedError if there is one. */
export async function claimState(name: string): Promise<Claim> {
  await mkdir(stateRoot(), { recursive: true, mode: 0o700 });
  const dir = stateDir(name);
  await mkdir(dir, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    throw new BedError(
      `the bed ${name} exists already: npm run bed -- down --name ${name}, or take another --name`,
      { cause },
    );
  });
  const sign = randomUUID();
  await writePrivate(join(dir, CLAIM_FILE), sign);
  return { dir, sign };
}

/** False once somebody took the bed down, also if there is a new one of that name. */
export async function stillClaimed({ dir, sign }: Claim): Promise<boolean> {
  return (await readFile(join(dir, CLAIM_FILE), "utf8").catch(() => "")) === sign;
}

/** Writes a file that only this user can read, whole or not at all. */
export async function writePrivate(path: string, data: string | Uint8Array): Promise<string> {
  const temporary = `${path}.new`;
  await writeFile(temporary, data, { mode: 0o600 });
  await rename(temporary, path);
  return path;
}

/** The state of a bed that is up, or `undefined`. */
export async function readState(name: string): Promise<BedState | undefined> {
  const text = await readFile(join(stateDir(name), "bed.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as BedState);
}

/** Names of all state directories, also of beds that never came up. */
export async function stateNames(): Promise<string[]> {
  const entries = await readdir(stateRoot(), { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Forgets a bed. */
export async function removeState(name: string): Promise<void> {
  await rm(stateDir(name), { recursive: true, force: true });
}

/** Runs `work` while no other process of this user holds the lock of that name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  await mkdir(cacheRoot(), { recursive: true, mode: 0o700 });
  const path = join(cacheRoot(), `${name}.lock`);
  while (!(await tryLock(path))) {
    await dropIfDead(path);
    await delay(200);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function dropIfDead(path: string): Promise<void> {
  const pid = Number(await readFile(path, "utf8").catch(() => "0"));
  // 0: the holder has not written its pid yet, or is done.
  if (pid === 0) return;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") await rm(path, { force: true });
  }
}
