import { closeSync, openSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dispatch } from "./dispatch.ts";
import type { Host } from "./host.ts";
import type { WithEngine } from "./load-engine.ts";

/** Signals that ask to stop. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What start.ts found out before it knew what is to be done. */
interface Started extends Pick<Host, "program" | "argv" | "homeDir" | "version"> {
  readonly loadEngine: () => Promise<WithEngine>;
}

/** The process around the command line: the only place, beside start.ts, that knows of it, and that ends it. */
export async function main(started: Started): Promise<void> {
  // A reader that left (`| head -1`) must not stop work on nodes, nor change the exit code.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  const code = await dispatch(host(started));
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(code);
}

function host(started: Started): Host {
  return {
    ...started,
    env: ownEnv(),
    operator: () => `${loginName()}@${hostname()}`,
    stdout: process.stdout,
    stderr: process.stderr,
    readStdin,
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    ...(hasTerminal()
      ? { askSecret: async (...args) => (await started.loadEngine()).askHidden(...args) }
      : {}),
    onStop,
    exit: (code) => process.exit(code),
  };
}

/** A user without a line in the password file has a number only. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

/** kubectl and ssh get the same environment, but not the credentials that may stand in it. */
function ownEnv(): Host["env"] {
  const env = { ...process.env };
  delete process.env["DOCKER_AUTH_CONFIG"];
  return env;
}

function onStop(stop: () => void): () => void {
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
  };
}

/** The end of input is no answer. */
async function ask(question: string, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import("node:readline");
  signal.throwIfAborted();
  // Without its own terminal handling, Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  return await new Promise<string>((resolve, reject) => {
    lines.once("close", () => resolve(""));
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    lines.question(question, resolve);
  }).finally(() => lines.close());
}

/** The terminal of this process is there wherever its streams lead. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

async function readStdin(limitBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    total += chunk.length;
    if (total >= limitBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, limitBytes);
}

/** Exit cuts what is still on its way to a pipe. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable) resolve();
    else stream.write("", () => resolve());
  });
}
