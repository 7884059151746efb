import type { LookupAddress } from "node:dns";
import net from "node:net";
import { PullcastError } from "../errors.ts";
import { withLimit } from "./limit.ts";
import { hostPort, seconds, sshError, systemCode } from "./ssh-error.ts";
import type { PhaseLimits } from "./transport.ts";

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface ConnectOptions {
  readonly limits: Pick<PhaseLimits, "resolveMs" | "connectMs">;
  readonly signal: AbortSignal;
}

/**
 * Opens a TCP connection, each of resolving and connecting within its own limit.
 * All addresses of a name are tried.
 *
 * @throws {PullcastError} PC201 to PC204 with phase `resolve` or `connect`; the abort reason
 */
export async function connectSocket(
  endpoint: Endpoint,
  options: ConnectOptions,
): Promise<net.Socket> {
  options.signal.throwIfAborted();
  const addresses = await resolve(endpoint, options);
  return await connect(endpoint, addresses, options);
}

async function resolve(endpoint: Endpoint, options: ConnectOptions): Promise<LookupAddress[]> {
  const { host } = endpoint;
  const family = net.isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const fail = (detail: string, cause?: unknown) =>
    sshError("PC201", { at: host, phase: "resolve", detail, cause });
  const ms = options.limits.resolveMs;
  try {
    // Loaded for names alone: it takes a start of ours 7 ms.
    const { lookup } = await import("node:dns/promises");
    return await withLimit(lookup(host, { all: true }), {
      ms,
      signal: options.signal,
      onLimit: () => fail(`no answer within ${seconds(ms)}`),
    });
  } catch (error) {
    if (error instanceof PullcastError || options.signal.aborted) throw error;
    throw fail(systemCode(error) === "ENOTFOUND" ? "no such name" : systemCode(error), error);
  }
}

async function connect(
  endpoint: Endpoint,
  addresses: LookupAddress[],
  options: ConnectOptions,
): Promise<net.Socket> {
  const at = hostPort(endpoint.host, endpoint.port);
  const socket = net.connect({
    ...endpoint,
    noDelay: true,
    lookup: (_host, _options, done) => done(null, addresses),
    autoSelectFamily: true,
    // Node's 250 ms for each address is too short for far nodes.
    autoSelectFamilyAttemptTimeout: 2000,
  });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    // Stays for the socket's life: an error after destroy must find a listener.
    socket.on("error", reject);
  });
  const ms = options.limits.connectMs;
  try {
    await withLimit(connected, {
      ms,
      signal: options.signal,
      onLimit: () =>
        sshError("PC203", { at, phase: "connect", detail: `no answer within ${seconds(ms)}` }),
    });
    return socket;
  } catch (error) {
    socket.destroy();
    if (error instanceof PullcastError || options.signal.aborted) throw error;
    throw connectError(at, error);
  }
}

function connectError(at: string, error: unknown): PullcastError {
  const causes = error instanceof AggregateError ? error.errors : [error];
  const cause: unknown = causes.find((each) => systemCode(each) !== "ETIMEDOUT") ?? causes[0];
  const code = systemCode(cause);
  const options = { at, phase: "connect", cause } as const;
  switch (code) {
    case "ECONNREFUSED":
    case "ECONNRESET":
      return sshError("PC202", options);
    case "ETIMEDOUT":
      return sshError("PC203", options);
    case "EMFILE":
    case "ENFILE":
      return sshError("PC002", {
        ...options,
        detail: "this machine has no file descriptor left",
        fix: "raise ulimit -n, or lower --concurrency",
      });
    default:
      return sshError("PC204", { ...options, detail: code });
  }
}
