import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { maskSecrets } from "./mask-secrets.ts";

/** A helper that asks a person or a cloud takes seconds; one that hangs must not hold the run. */
const TIMEOUT_MS = 15_000;
/** From SIGTERM to SIGKILL. */
const KILL_GRACE_MS = 1000;
const MAX_STDOUT_BYTES = 1024 * 1024;
const MAX_STDERR_BYTES = 16 * 1024;
const MAX_WORDS = 300;

/** The one refusal that helpers and docker know by its words (docker-credential-helpers: credentials/error.go). */
const NOT_FOUND = /credentials not found/i;

/** How a helper is run. */
export interface HelperContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Default 15 s. */
  readonly timeoutMs?: number;
}

/** One call of a helper: `docker-credential-NAME ACTION`, with `input` on its standard input. */
interface HelperCall {
  readonly name: string;
  readonly action: "get" | "list";
  readonly input: string;
}

/**
 * Runs a credential helper, never through a shell (docker-credential-helpers: its protocol).
 *
 * @returns its standard output, or `undefined` where it has no such credentials
 * @throws {PullcastError} PC620 not installed, PC621 it failed, PC622 no answer in time, PC623 a flood,
 *   PC624 a name that is none; the signal's reason after an abort
 */
export async function runHelper(
  call: HelperCall,
  context: HelperContext,
): Promise<Buffer | undefined> {
  const program = programOf(call.name);
  const path = findOnPath(program, context.env);
  if (path === undefined) throw new PullcastError("PC620", { detail: `${program} is not on PATH` });
  context.signal.throwIfAborted();
  // What carries other credentials is not its business.
  const { DOCKER_AUTH_CONFIG: _text, ...env } = context.env;
  // A process group of its own, so that what it started ends with it.
  const child = spawn(path, [call.action], { env, stdio: "pipe", detached: true });
  child.stdin.on("error", () => undefined).end(call.input);
  const stdout = collect(child.stdout, MAX_STDOUT_BYTES);
  const stderr = collect(child.stderr, MAX_STDERR_BYTES);
  const stopped = await untilEnd(child, { context, flooded: stdout.full });
  if (stopped === "aborted") throw context.signal.reason as Error;
  if (stopped === "late") {
    const seconds = (context.timeoutMs ?? TIMEOUT_MS) / 1000;
    throw new PullcastError("PC622", { detail: `${program} ${call.action}: ${seconds} s` });
  }
  if (stopped === "flood") {
    throw new PullcastError("PC623", { detail: `${program} printed more than 1 MiB` });
  }
  if (stopped === "ended" && child.exitCode === 0) return stdout.bytes();
  return refusal(program, { child, stdout: stdout.bytes(), stderr: stderr.bytes() });
}

interface Failure {
  readonly child: ChildProcess;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A helper says on standard output why it failed. */
function refusal(program: string, { child, stdout, stderr }: Failure): undefined {
  const said = [stdout, stderr].map((bytes) => bytes.toString().trim());
  if (NOT_FOUND.test(said[0] ?? "")) return undefined;
  const words = cleanText(maskSecrets(said.find((text) => text !== "") ?? ""), MAX_WORDS);
  const end = child.exitCode === null ? `ended by ${child.signalCode}` : `exit ${child.exitCode}`;
  throw new PullcastError("PC621", { detail: `${program}: ${words === "" ? end : words}` });
}

/** @throws {PullcastError} PC624: the name goes into a program's */
function programOf(name: string): string {
  if (/^[A-Za-z0-9._-]+$/.test(name)) return `docker-credential-${name}`;
  throw new PullcastError("PC624", { detail: JSON.stringify(cleanText(name, 60)) });
}

/** Relative entries of PATH would run what lies in the directory one happens to stand in. */
function findOnPath(program: string, { PATH = "" }: HelperContext["env"]): string | undefined {
  const paths = PATH.split(":")
    .filter(isAbsolute)
    .map((dir) => join(dir, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

interface Collected {
  readonly bytes: () => Buffer;
  /** Resolves once there was more than the limit. */
  readonly full: Promise<void>;
}

function collect(stream: NodeJS.ReadableStream, limit: number): Collected {
  const chunks: Buffer[] = [];
  let size = 0;
  const full = new Promise<void>((resolve) => {
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else resolve();
    });
  });
  return { bytes: () => Buffer.concat(chunks), full };
}

type End = "ended" | "late" | "flood" | "aborted";

/** Waits for the helper's end, and makes it end where it must; its children may hold the pipes no longer. */
async function untilEnd(
  child: ChildProcess,
  { context, flooded }: { readonly context: HelperContext; readonly flooded: Promise<void> },
): Promise<End> {
  const timeout = AbortSignal.timeout(context.timeoutMs ?? TIMEOUT_MS);
  const closed = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => {
      const why = "code" in cause ? String(cause.code) : "it can't be started";
      reject(new PullcastError("PC620", { detail: `${child.spawnfile}: ${why}`, cause }));
    });
    child.once("close", () => resolve());
  });
  const over = AbortSignal.any([timeout, context.signal]);
  const end = await Promise.race([
    closed.then((): End => "ended"),
    flooded.then((): End => "flood"),
    aborted(over).then((): End => (context.signal.aborted ? "aborted" : "late")),
  ]);
  if (end !== "ended") await stopGroup(child, closed);
  return end;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function stopGroup(child: ChildProcess, closed: Promise<void>): Promise<void> {
  kill(child, "SIGTERM");
  const grace = AbortSignal.timeout(KILL_GRACE_MS);
  await Promise.race([closed, aborted(grace)]);
  kill(child, "SIGKILL");
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function kill({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
