import { PullcastError } from "../errors.ts";
import { once } from "../util/once.ts";
import { type AgentKeys, askAgent } from "./agent-keys.ts";
import { startLogin } from "./auth.ts";
import { Connection } from "./connection.ts";
import { describeKey, fingerprint } from "./host-key.ts";
import { hostKeyRefusal } from "./host-key-refusal.ts";
import type { HostSettings } from "./host-settings.ts";
import { type HostKeyStore, openHostKeyStore } from "./known-hosts-file.ts";
import { collectLoginKeys, type LoginKeys } from "./login-keys.ts";
import { placeVia } from "./ssh-error.ts";
import type { Ssh2 } from "./ssh2.ts";
import type { SshOptions } from "./transport.ts";
import type { Wire } from "./wire.ts";

/** A host that proved its key and let us in. */
export interface LoggedIn {
  readonly connection: Connection;
  /** `host:port`, with the way there, for messages. */
  readonly at: string;
  /** `SHA256:…` */
  readonly hostKeyFingerprint: string;
  /** The key was new and is in known_hosts now. */
  readonly hostKeyAdded: boolean;
}

interface LoginOptions {
  /** Connected to the host, with an `error` listener that stays. */
  readonly wire: Wire;
  readonly signal: AbortSignal;
  /** The last host on the way, for messages. */
  readonly via?: string;
}

/** With what a host's key is checked, and with what it is logged in to. */
export interface LoginMeans {
  readonly hostKeys: HostKeyStore;
  readonly loginKeys: LoginKeys;
}

/** Checks host keys and logs in; hosts with the same settings share files and agents. */
export interface Login {
  /**
   * Reads what the settings name, once.
   * @throws {PullcastError} PC215 or PC222 if a file can't be used
   */
  prepare(settings: HostSettings): Promise<LoginMeans>;
  /**
   * Handshake, host key, login; the wire is gone if that fails.
   * @throws {PullcastError} PC2xx with the phase; the abort reason
   */
  connect(settings: HostSettings, options: LoginOptions): Promise<LoggedIn>;
}

/** Makes the login of a run. */
export function createLogin(ssh2: Ssh2, { limits, version, onStep }: SshOptions): Login {
  const stores = new Map<string, Promise<HostKeyStore>>();
  const agents = new Map<string, Promise<AgentKeys>>();
  const keys = new Map<string, Promise<LoginKeys>>();
  const hostKeysOf = ({ knownHosts }: HostSettings) =>
    once(stores, knownHosts.join("\0"), () => openHostKeyStore(knownHosts));
  const agentOf = (path: string | undefined): Promise<AgentKeys> =>
    path === undefined
      ? Promise.resolve({ keys: [] })
      : once(agents, path, () => askAgent(ssh2, path, limits.authMs));
  const loginKeysOf = (settings: HostSettings) => {
    const { identities, configuredIdentities, defaultIdentities, identitiesOnly, agentSocket } =
      settings;
    const parts = { identities, configuredIdentities, defaultIdentities, identitiesOnly };
    return once(keys, JSON.stringify([parts, agentSocket ?? null]), async () =>
      collectLoginKeys(ssh2, { ...parts, agent: await agentOf(agentSocket) }),
    );
  };
  const prepare = async (settings: HostSettings): Promise<LoginMeans> => {
    const [hostKeys, loginKeys] = await Promise.all([hostKeysOf(settings), loginKeysOf(settings)]);
    return { hostKeys, loginKeys };
  };
  return {
    prepare,
    async connect(settings, { wire, signal, via }) {
      const { user, hostKeyChecking } = settings;
      const at = placeVia(settings, via);
      const { hostKeys, loginKeys } = await prepare(settings).catch((error: unknown) => {
        wire.destroy();
        throw error;
      });
      const named: NamedHost = { hostKeys, at, hostKeyChecking, ...keyName(settings) };
      let accepted: Buffer | undefined;
      const connection = new Connection({
        ssh2,
        socket: wire,
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
          if (refusal !== undefined) return refusal;
          accepted = Buffer.from(blob);
          onStep?.({ phase: "host-key", at, detail: `${describeKey(accepted)}, ${verdict.type}` });
          return undefined;
        },
        onStep,
      });
      await connection.open(signal);
      const hostKeyAdded = await recordIfNew(connection, named, accepted);
      const hostKeyFingerprint = accepted === undefined ? "" : fingerprint(accepted);
      return { connection, at, hostKeyFingerprint, hostKeyAdded };
    },
  };
}

/** The name under which known_hosts has a host's keys; an alias stands for host and port. */
export function keyName({ host, port, hostKeyAlias }: HostSettings): {
  host: string;
  port: number;
} {
  return hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
}

interface NamedHost {
  readonly hostKeys: HostKeyStore;
  /** For messages. */
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
