import { type ChildProcess, spawn } from "node:child_process";
import { PullcastError } from "../errors.ts";
import type { SharedGateway } from "./gateway-contract.ts";
import { kubectlError, kubectlStartError } from "./kubectl-errors.ts";

/** kubectl's program and global flags, handed on as they are. */
export interface KubectlSettings {
  /** Program name or path. */
  readonly program: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly as?: string;
  /** kubectl's form, for instance `10s`. */
  readonly requestTimeout?: string;
  /** What is open already: it is used in place of a new `kubectl proxy`, and of questions for the context. */
  readonly shared?: SharedGateway;
}

/** How much a kubectl may say and how long it may take. */
interface RunLimits {
  readonly signal: AbortSignal;
  /** Default 60 s: it bounds a kubectl that hangs, `--request-timeout` bounds the API server. */
  readonly timeoutMs?: number;
}

/** 5,000 nodes with 20 KiB of annotations each fit. */
const MAX_STDOUT_BYTES = 256 * 1024 * 1024;
const MAX_STDERR_CHARS = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;
/** From SIGTERM to SIGKILL. */
const KILL_GRACE_MS = 2_000;

/** The global flags as `--flag=value`, so that no value can be taken for a flag. */
export function kubectlFlags(settings: KubectlSettings): string[] {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["kubeconfig", settings.kubeconfig],
    ["context", settings.context],
    ["cluster", settings.cluster],
    ["as", settings.as],
    ["request-timeout", settings.requestTimeout],
  ];
  return pairs.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]));
}

/**
 * Runs one kubectl to its end.
 *
 * @param args - verb and arguments; the global flags are added
 * @returns its stdout
 * @throws PullcastError PC001, PC101 to PC106; the signal's reason after an abort
 */
export async function runKubectl(
  settings: KubectlSettings,
  args: readonly string[],
  limits: RunLimits,
): Promise<string> {
  limits.signal.throwIfAborted();
  const child = spawn(settings.program, [...args, ...kubectlFlags(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timeoutMs = limits.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const stderr = collectTail(child.stderr);
  let tooLong = false;
  let tooMuch = false;
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_STDOUT_BYTES) chunks.push(chunk);
    else if (!tooMuch) {
      tooMuch = true;
      stopChild(child);
    }
  });
  const onAbort = () => stopChild(child);
  limits.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => {
    tooLong = true;
    stopChild(child);
  }, timeoutMs);
  try {
    const code = await ended(child, settings.program);
    limits.signal.throwIfAborted();
    if (tooLong) {
      const detail = `kubectl did not end within ${timeoutMs / 1000} s and was stopped`;
      throw new PullcastError("PC106", { detail });
    }
    if (tooMuch) throw new PullcastError("PC105", { detail: "it is larger than 256 MiB" });
    if (code !== 0) throw kubectlError(stderr());
  } finally {
    clearTimeout(timer);
    limits.signal.removeEventListener("abort", onAbort);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** SIGTERM, then SIGKILL for a child that does not care. */
export function stopChild(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    child.kill("SIGKILL");
    // A grandchild may still hold the pipes: don't wait for it.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, KILL_GRACE_MS);
  child.once("close", () => clearTimeout(timer));
}

/** Collects a stream's last characters, so that a flood takes no memory. */
export function collectTail(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-MAX_STDERR_CHARS);
  });
  return () => text;
}

/** The exit code, `null` after a signal. */
function ended(child: ChildProcess, program: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(kubectlStartError(program, cause)));
    child.once("close", (code) => resolve(code));
  });
}
