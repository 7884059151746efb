import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import type { CredentialSource, RawSource } from "./model.ts";

/** Ten thousand registries fit; the node programs and the kubelet read the file whole. */
const LIMIT_BYTES = 1024 * 1024;

/**
 * Reads a credential file.
 *
 * @returns `undefined` where there is no such file
 * @throws {PullcastError} PC602 empty, PC605 not a file, PC606 unreadable, PC607 over 1 MiB
 */
export async function readCredentialFile(path: string): Promise<RawSource | undefined> {
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
    return filled(await readOpened(path, file));
  } finally {
    await file.close();
  }
}

/**
 * Reads standard input.
 *
 * @throws {PullcastError} PC602 empty, PC606 unreadable, PC607 over 1 MiB
 */
export async function readStandardInput(
  readStdin: CredentialSource["readStdin"],
): Promise<RawSource> {
  const name = "standard input";
  const bytes = await readStdin(LIMIT_BYTES + 1).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
  return rawSource(name, bytes);
}

/**
 * Bytes that came from elsewhere than a file, checked like a file's.
 *
 * @throws {PullcastError} PC602 empty, PC607 over 1 MiB
 */
export function rawSource(name: string, bytes: Uint8Array): RawSource {
  if (bytes.byteLength > LIMIT_BYTES) throw tooLarge(name);
  return filled({ name, bytes, warnings: [] });
}

function filled(raw: RawSource): RawSource {
  if (raw.bytes.every(isSpace)) throw new PullcastError("PC602", { detail: raw.name });
  return raw;
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
