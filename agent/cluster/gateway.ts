import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PullcastError } from "../errors.ts";
import { type Connection, sendRequest, streamEvents } from "./api-http.ts";
import { endWithUs } from "./end-with-us.ts";
import type { Gateway, WatchEvent } from "./gateway-contract.ts";
import { collectTail, type KubectlSettings, kubectlFlags, stopChild } from "./kubectl.ts";
import { kubectlStartError, kubectlWords } from "./kubectl-errors.ts";

export type { ApiAnswer, Gateway, WatchEvent } from "./gateway-contract.ts";

/** Longer paths don't fit a unix socket's address. */
const MAX_SOCKET_PATH = 100;
const START_TIMEOUT_MS = 20_000;
const SOCKETS_AT_ONCE = 64;

/** A gateway whose proxy may die before it is closed. */
export interface OwnGateway extends Gateway {
  /** Resolves once the proxy has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/**
 * A way to the API server: a new proxy, or the one that is shared already, which its owner closes.
 *
 * @throws PullcastError PC101 to PC106; the signal's reason after an abort
 */
export async function openGateway(kubectl: KubectlSettings, signal: AbortSignal): Promise<Gateway> {
  if (kubectl.shared === undefined) return await startGateway(kubectl, signal);
  signal.throwIfAborted();
  return { ...kubectl.shared.gateway, close: async () => undefined };
}

/**
 * Starts `kubectl proxy --unix-socket` in a new directory that only this user may enter.
 * The proxy is in a session of its own: Ctrl-C on the terminal must leave it alive for the clean-up.
 *
 * @throws PullcastError PC101 to PC106; the signal's reason after an abort
 */
export async function startGateway(
  kubectl: KubectlSettings,
  signal: AbortSignal,
): Promise<OwnGateway> {
  signal.throwIfAborted();
  // Loaded with a cluster: hosts are pushed to without.
  const { Agent, request: send } = await import("node:http");
  const dir = await socketDir();
  const socketPath = join(dir, "s");
  const child = spawn(
    kubectl.program,
    ["proxy", `--unix-socket=${socketPath}`, ...kubectlFlags(kubectl)],
    { stdio: ["ignore", "pipe", "pipe"], detached: true },
  );
  const words = collectTail(child.stderr);
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_AT_ONCE });
  const { dispose, ended } = disposer({ child, dir, agent });
  try {
    await serving(child, { program: kubectl.program, words, signal });
  } catch (error) {
    await dispose();
    throw error;
  }
  const lastWords = () => kubectlWords(words());
  const connection: Connection = { socketPath, agent, send, lastWords };
  return {
    request: (method, path, body) => sendRequest(connection, { method, path, body }),
    watch: (path, onEvent, stop) =>
      streamEvents(connection, {
        path,
        signal: stop,
        onLine: (line) => onEvent(parseEvent(line)),
      }),
    close: dispose,
    ended,
  };
}

/** A directory of mode 0700 whose path is short enough. */
async function socketDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-"));
  if (join(dir, "s").length <= MAX_SOCKET_PATH) return dir;
  await rm(dir, { recursive: true, force: true });
  return await mkdtemp("/tmp/pullcast-");
}

interface StartOptions {
  readonly program: string;
  readonly words: () => string;
  readonly signal: AbortSignal;
}

/** Resolves once the proxy says that it serves. */
function serving(child: ChildProcess, options: StartOptions): Promise<void> {
  const { program, words, signal } = options;
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const fail = (error: unknown) => settle(() => reject(error));
    const onAbort = () => fail(signal.reason);
    const timer = setTimeout(() => {
      fail(new PullcastError("PC106", { detail: "kubectl proxy did not start within 20 s" }));
    }, START_TIMEOUT_MS);
    signal.addEventListener("abort", onAbort, { once: true });
    child.once("error", (cause) => fail(kubectlStartError(program, cause)));
    child.once("close", () => {
      const said = kubectlWords(words());
      const detail = `kubectl proxy ended at once${said === "" ? "" : `: ${said}`}`;
      fail(new PullcastError("PC102", { detail }));
    });
    let said = "";
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (chunk: string) => {
      said = (said + chunk).slice(-1000);
      if (said.includes("Starting to serve")) settle(resolve);
    });
    if (signal.aborted) onAbort();
  });
}

interface Disposable {
  readonly child: ChildProcess;
  readonly dir: string;
  readonly agent: Agent;
}

/** Ends the proxy and removes its directory, once; also if the process exits without asking. */
function disposer({ child, dir, agent }: Disposable): {
  readonly dispose: () => Promise<void>;
  readonly ended: Promise<void>;
} {
  const atExit = () => {
    child.kill("SIGTERM");
    rmSync(dir, { recursive: true, force: true });
  };
  process.once("exit", atExit);
  const unwatch = child.pid === undefined ? undefined : endWithUs({ pid: child.pid, dir });
  const closed = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  // Once it has ended, its pid may be another process's.
  void closed.then(unwatch);
  let disposed: Promise<void> | undefined;
  const dispose = async () => {
    agent.destroy();
    stopChild(child);
    await closed;
    process.removeListener("exit", atExit);
    await rm(dir, { recursive: true, force: true }).catch(() => undefined);
  };
  return {
    ended: closed,
    dispose: () => {
      disposed ??= dispose();
      return disposed;
    },
  };
}

function parseEvent(line: string): WatchEvent {
  try {
    return JSON.parse(line) as WatchEvent;
  } catch (cause) {
    throw new PullcastError("PC105", { detail: "a line of a watch is not JSON", cause });
  }
}
