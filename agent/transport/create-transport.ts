import { PullcastError } from "../errors.ts";
import type { Target } from "../model.ts";
import { startLogin } from "./auth.ts";
import { connectSocket } from "./connect-socket.ts";
import { Connection } from "./connection.ts";
import { fingerprint } from "./host-key.ts";
import { hostKeyRefusal } from "./host-key-refusal.ts";
import { type HostKeyStore, openHostKeyStore } from "./known-hosts-file.ts";
import { collectLoginKeys, type LoginKeys } from "./login-keys.ts";
import { runProgram } from "./run-program.ts";
import { hostPort } from "./ssh-error.ts";
import { loadSsh2, type Ssh2 } from "./ssh2.ts";
import type { Session, SshOptions, Transport } from "./transport.ts";

interface Shared {
  readonly ssh2: Ssh2;
  readonly options: SshOptions;
  readonly hostKeys: HostKeyStore;
  readonly loginKeys: LoginKeys;
}

/**
 * Makes the transport of a run over ssh2: reads keys and known_hosts once, asks ssh-agent once.
 * @throws {PullcastError} PC215 or PC222 if a file that was named can't be used
 */
export async function createTransport(options: SshOptions): Promise<Transport> {
  const ssh2 = await loadSsh2();
  const [hostKeys, loginKeys] = await Promise.all([
    openHostKeyStore(options.knownHosts),
    collectLoginKeys(ssh2, options),
  ]);
  const sessions = new Set<Session>();
  return {
    async open(target, signal) {
      const session = await openSession({ ssh2, options, hostKeys, loginKeys }, target, signal);
      const tracked: Session = {
        ...session,
        async close() {
          sessions.delete(tracked);
          await session.close();
        },
      };
      sessions.add(tracked);
      return tracked;
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

async function openSession(shared: Shared, target: Target, signal: AbortSignal): Promise<Session> {
  const { options, hostKeys } = shared;
  const { limits, hostKeyChecking } = options;
  const endpoint = { host: target.host, port: target.port ?? options.port };
  const at = hostPort(endpoint.host, endpoint.port);
  const socket = await connectSocket(endpoint, { limits, signal });
  let accepted: Buffer | undefined;
  const connection = new Connection({
    ssh2: shared.ssh2,
    socket,
    at,
    limits,
    user: options.user,
    version: options.version ?? "0",
    knownKeyTypes: hostKeys.typesOf(endpoint.host, endpoint.port),
    login: startLogin(options.user, shared.loginKeys),
    checkHostKey(blob) {
      // A renewal of keys must not bring another host.
      if (accepted?.equals(blob)) return undefined;
      const verdict = hostKeys.judge(endpoint.host, endpoint.port, blob);
      const refusal = hostKeyRefusal({ at, ...endpoint, blob, verdict, hostKeyChecking });
      if (accepted !== undefined)
        return refusal ?? new PullcastError("PC212", { phase: "host-key", detail: at });
      if (refusal === undefined) accepted = Buffer.from(blob);
      return refusal;
    },
  });
  await connection.open(signal);
  const hostKeyAdded = await recordIfNew(connection, { ...shared, ...endpoint, at }, accepted);
  return {
    hostKeyFingerprint: accepted === undefined ? "" : fingerprint(accepted),
    hostKeyAdded,
    run: (request) => runProgram(connection, request, { at, limits }),
    close: () => connection.close(),
  };
}

interface RecordOptions extends Shared {
  readonly host: string;
  readonly port: number;
  readonly at: string;
}

/** Only now, after the login, has the host proved that it owns the key: a stolen public key fails before. */
async function recordIfNew(
  connection: Connection,
  options: RecordOptions,
  blob: Buffer | undefined,
): Promise<boolean> {
  const { hostKeys, host, port, at } = options;
  const { hostKeyChecking } = options.options;
  if (blob === undefined || hostKeys.judge(host, port, blob).type === "known") return false;
  try {
    const verdict = await hostKeys.record(host, port, blob);
    const refusal = hostKeyRefusal({ at, host, port, blob, verdict, hostKeyChecking });
    if (refusal !== undefined) throw refusal;
    return verdict.type === "unknown";
  } catch (error) {
    connection.fail(error);
    throw error;
  }
}
