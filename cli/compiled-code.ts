import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** Files kept in one directory, 2 to 3 MB each: more than anybody has commands and versions in use. */
const KEPT_FILES = 16;

export interface CompiledOptions {
  /** Where compiled code is kept; `undefined` keeps none. */
  readonly dir: string | undefined;
  /** What the bundle is loaded for: other code is compiled for another use. */
  readonly use: string;
}

export interface Compiled {
  readonly exports: unknown;
  /** Whether it came compiled. */
  readonly isCached: boolean;
  /** Keeps what is compiled by now, once, unless it came compiled. Never throws. */
  readonly keep: () => void;
}

/**
 * Loads a bundle with V8's code cache, which halves what a start costs. Node 22 has such a cache for all
 * modules (`module.enableCompileCache`), Node 20 has none. Compiled code is as powerful as the program: it is taken only
 * from a file of this user's that nobody else may write. V8 itself refuses what another version compiled.
 *
 * @param path - absolute, of a file in ASCII that is one function: `(function (exports, require, module, __filename, __dirname) {…})`
 */
export function loadCompiled(path: string, { dir, use }: CompiledOptions): Compiled {
  const file = dir === undefined ? undefined : join(dir, fileName(path, use));
  const { script, isCached } = compile(path, file);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  let isKept = isCached;
  const keep = () => {
    if (file === undefined || isKept) return;
    isKept = true;
    write(file, script);
  };
  return { exports: module.exports, isCached, keep };
}

/** By itself: what holds the 2 MB of compiled code while the bundle starts makes V8 collect its garbage a first time. */
function compile(path: string, file: string | undefined): { script: Script; isCached: boolean } {
  const cachedData = file === undefined ? undefined : readOwn(file);
  const script = new Script(readFileSync(path, "latin1"), {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  return { script, isCached: cachedData !== undefined && script.cachedDataRejected !== true };
}

/** Another bundle, Node or use has another name. */
function fileName(path: string, use: string): string {
  const { mtimeMs, size } = statSync(path);
  const bundle = [mtimeMs, size].map((number) => Math.trunc(number).toString(36)).join("-");
  return `${use}-${bundle}-${process.version}-${process.arch}.bin`;
}

/** Names of {@link fileName}'s form, and what was left of one that couldn't be written. */
const KEPT_FILE = /^[\w.-]+-v\d[\w.-]*-\w+\.bin(?:\.\d+)?$/;

function readOwn(file: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    // Without waiting for a writer, should it be a FIFO.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(descriptor);
    return found.isFile() && isOwn(found) ? readFileSync(descriptor) : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether it is this user's, and nobody else may write it. */
function isOwn({ uid, mode }: Stats): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** Whole or not at all; a run that can't keep its code is only as slow as before. */
function write(file: string, script: Script): void {
  const dir = dirname(file);
  const temporary = `${file}.${process.pid}`;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const found = lstatSync(dir);
    // Who runs this with another user's home must not write, or make room, where that user's link leads.
    if (!found.isDirectory() || !isOwn(found)) return;
    writeFileSync(temporary, script.createCachedData(), { mode: 0o600, flag: "wx" });
    renameSync(temporary, file);
    prune(dir);
  } catch {
    // What is left of it is one of the files that make room.
  }
}

function prune(dir: string): void {
  const files = readdirSync(dir)
    .filter((name) => KEPT_FILE.test(name))
    .map((name) => ({ path: join(dir, name), writtenMs: statSync(join(dir, name)).mtimeMs }))
    .sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of files.slice(KEPT_FILES)) rmSync(path, { force: true });
}
