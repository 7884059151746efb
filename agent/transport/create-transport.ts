import { PullcastError } from "../errors.ts";
import { type AgentKeys, askAgent } from "./agent-keys.ts";
import { startLogin } from "./auth.ts";
import { connectSocket } from "./connect-socket.ts";
import { Connection } from "./connection.ts";
import { fingerprint } from "./host-key.ts";
import { hostKeyRefusal } from "./host-key-refusal.ts";
import { type HostSettings, plainSettings } from "./host-settings.ts";
import { type HostKeyStore, openHostKeyStore } from "./known-hosts-file.ts";
import { collectLoginKeys, type LoginKeys } from "./login-keys.ts";
import { createHostResolver, type HostResolver } from "./resolve-host.ts";
import { runProgram } from "./run-program.ts";
import { hostPort } from "./ssh-error.ts";
import { loadSsh2, type Ssh2 } from "./ssh2.ts";
import type { Session, SshOptions, Transport } from "./transport.ts";

/**
 * Makes the transport of a run over ssh2: key files, known_hosts files and agents are read once for all hosts.
 *
 * @param resolver - tells how each host is reached
 * @throws {PullcastError} PC215 or PC222 if a file that was named can't be used
 */
export async function createTransport(
  options: SshOptions,
  resolver: HostResolver = createHostResolver(options),
): Promise<Transport> {
  const shared = new Shared(await loadSsh2(), options);
  // What the command line names is a fault of the run, not of a node.
  const plain = plainSettings({ host: "" }, options);
  await Promise.all([shared.hostKeys(plain), shared.loginKeys(plain)]);
  const sessions = new Set<Session>();
  return {
    async open(target, signal) {
      signal.throwIfAborted();
      const settings = await resolver.settingsOf(target);
      const session = await openSession(shared, settings, signal);
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

/** What hosts with the same settings share. */
class Shared {
  readonly ssh2: Ssh2;
  readonly options: SshOptions;
  readonly #stores = new Map<string, Promise<HostKeyStore>>();
  readonly #agents = new Map<string, Promise<AgentKeys>>();
  readonly #keys = new Map<string, Promise<LoginKeys>>();

  constructor(ssh2: Ssh2, options: SshOptions) {
    this.ssh2 = ssh2;
    this.options = options;
  }

  /** @throws {PullcastError} PC215 if a file is there and can't be read */
  hostKeys({ knownHosts }: HostSettings): Promise<HostKeyStore> {
    return once(this.#stores, knownHosts.join("\0"), () => openHostKeyStore(knownHosts));
  }

  /** @throws {PullcastError} PC222 if a given identity can't be used */
  loginKeys(settings: HostSettings): Promise<LoginKeys> {
    const { identities, configuredIdentities, defaultIdentities, identitiesOnly, agentSocket } =
      settings;
    const parts = { identities, configuredIdentities, defaultIdentities, identitiesOnly };
    return once(this.#keys, JSON.stringify([parts, agentSocket ?? null]), async () =>
      collectLoginKeys(this.ssh2, { ...parts, agent: await this.#agent(agentSocket) }),
    );
  }

  #agent(path: string | undefined): Promise<AgentKeys> {
    const { authMs } = this.options.limits;
    if (path === undefined) return Promise.resolve({ keys: [] });
    return once(this.#agents, path, () => askAgent(this.ssh2, path, authMs));
  }
}

function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const there = made.get(key);
  if (there !== undefined) return there;
  const value = make();
  made.set(key, value);
  return value;
}

async function openSession(
  shared: Shared,
  settings: HostSettings,
  signal: AbortSignal,
): Promise<Session> {
  const { limits, version } = shared.options;
  const { host, port, user, hostKeyChecking } = settings;
  const at = hostPort(host, port);
  const [hostKeys, loginKeys] = await Promise.all([
    shared.hostKeys(settings),
    shared.loginKeys(settings),
  ]);
  const named: NamedHost = { hostKeys, at, hostKeyChecking, ...keyName(settings) };
  const socket = await connectSocket({ host, port }, { limits, signal });
  let accepted: Buffer | undefined;
  const connection = new Connection({
    ssh2: shared.ssh2,
    socket,
    at,
    limits,
    user,
    version: version ?? "0",
    knownKeyTypes: hostKeys.typesOf(named.host, named.port),
    login: startLogin(user, loginKeys),
    checkHostKey(blob) {
      // A renewal of keys must not bring another host.
      if (accepted?.equals(blob)) return undefined;
      const verdict = hostKeys.judge(named.host, named.port, blob);
      const refusal = hostKeyRefusal({ ...named, blob, verdict });
      if (accepted !== undefined)
        return refusal ?? new PullcastError("PC212", { phase: "host-key", detail: at });
      if (refusal === undefined) accepted = Buffer.from(blob);
      return refusal;
    },
  });
  await connection.open(signal);
  const hostKeyAdded = await recordIfNew(connection, named, accepted);
  return {
    user,
    hostKeyFingerprint: accepted === undefined ? "" : fingerprint(accepted),
    hostKeyAdded,
    run: (request) => runProgram(connection, request, { at, limits }),
    close: () => connection.close(),
  };
}

/** The name under which known_hosts has a host's keys; an alias stands for host and port. */
function keyName({ host, port, hostKeyAlias }: HostSettings): { host: string; port: number } {
  return hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
}

interface NamedHost {
  readonly hostKeys: HostKeyStore;
  /** `host:port`, for messages. */
  readonly at: string;
  /** As known_hosts names it. */
  readonly host: string;
  readonly port: number;
  readonly hostKeyChecking: HostSettings["hostKeyChecking"];
}

/** Only now, after the login, has the host proved that it owns the key: a stolen public key fails before. */
async function recordIfNew(
  connection: Connection,
  named: NamedHost,
  blob: Buffer | undefined,
): Promise<boolean> {
  const { hostKeys, host, port } = named;
  if (blob === undefined || hostKeys.judge(host, port, blob).type === "known") return false;
  try {
    const verdict = await hostKeys.record(host, port, blob);
    const refusal = hostKeyRefusal({ ...named, blob, verdict });
    if (refusal !== undefined) throw refusal;
    return verdict.type === "unknown";
  } catch (error) {
    connection.fail(error);
    throw error;
  }
}
