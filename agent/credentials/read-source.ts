import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";

/** Ten thousand registries fit; the node programs and the kubelet read the file whole. */
const LIMIT_BYTES = 1024 * 1024;

/** Where credentials may come from. */
export interface CredentialSource {
  /** A path, or `-` for standard input; absent: the ambient files of docker. */
  readonly config?: string;
  /** Reads standard input to its end, at most `limitBytes`. */
  readonly readStdin: (limitBytes: number) => Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/** What a source held. */
export interface RawSource {
  /** A path, or `standard input`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly warnings: readonly Notice[];
}

/**
 * Reads the credential source once: `--config`, else the first that exists of
 * `$DOCKER_CONFIG/config.json` and `~/.docker/config.json` (docker's own places).
 *
 * @throws {PullcastError} PC601 none, PC602 empty, PC605 not a file, PC606 unreadable, PC607 over 1 MiB
 */
export async function readSource(source: CredentialSource): Promise<RawSource> {
  const raw = source.config === "-" ? await fromStdin(source) : await fromFiles(source);
  if (raw.bytes.every(isSpace)) throw new PullcastError("PC602", { detail: raw.name });
  return raw;
}

async function fromStdin(source: CredentialSource): Promise<RawSource> {
  const name = "standard input";
  const bytes = await source.readStdin(LIMIT_BYTES + 1).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
  if (bytes.byteLength > LIMIT_BYTES) throw tooLarge(name);
  return { name, bytes, warnings: [] };
}

async function fromFiles(source: CredentialSource): Promise<RawSource> {
  const paths = source.config === undefined ? ambientPaths(source) : [source.config];
  for (const path of paths) {
    const raw = await fromFile(path);
    if (raw !== undefined) return raw;
  }
  throw new PullcastError("PC601", { detail: `looked at ${paths.join(" and ")}` });
}

function ambientPaths(source: CredentialSource): string[] {
  const { DOCKER_CONFIG } = source.env;
  const home = join(source.homeDir, ".docker", "config.json");
  return DOCKER_CONFIG ? [join(DOCKER_CONFIG, "config.json"), home] : [home];
}

/** `undefined` where there is no such file. */
async function fromFile(path: string): Promise<RawSource | undefined> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer, perhaps for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "ENXIO") throw notFile(path, "a socket or device");
    throw unreadable(path, cause);
  }
  try {
    return await readOpened(path, file);
  } finally {
    await file.close();
  }
}

async function readOpened(path: string, file: FileHandle): Promise<RawSource> {
  const stat = await file.stat();
  if (stat.isDirectory()) {
    throw notFile(path, "a directory", `--config ${join(path, "config.json")}`);
  }
  if (stat.isFIFO()) throw notFile(path, "a FIFO", "send it to standard input with --config -");
  if (!stat.isFile()) throw notFile(path, "a socket or device");
  if (stat.size > LIMIT_BYTES) throw tooLarge(path);
  const bytes = await readAtMost(file, LIMIT_BYTES + 1).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (bytes.byteLength > LIMIT_BYTES) throw tooLarge(path);
  return { name: path, bytes, warnings: modeWarnings(path, stat.mode) };
}

/** The size is no guide: the file may grow while it is read. */
async function readAtMost(file: FileHandle, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < limit) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, limit - total));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
  }
  return Buffer.concat(chunks);
}

function modeWarnings(path: string, mode: number): Notice[] {
  if ((mode & 0o004) === 0) return [];
  return [{ code: "PC612", message: `every user of this machine can read ${path}: chmod 600 it` }];
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function notFile(path: string, kind: string, fix?: string): PullcastError {
  const detail = `${path} is ${kind}`;
  return new PullcastError("PC605", fix === undefined ? { detail } : { detail, fix });
}

function tooLarge(name: string): PullcastError {
  return new PullcastError("PC607", { detail: `${name} is over 1 MiB` });
}

function unreadable(name: string, cause: unknown): PullcastError {
  return new PullcastError("PC606", { detail: `${name}: ${errorCode(cause)}`, cause });
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "read error";
}
