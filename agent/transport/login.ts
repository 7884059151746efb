import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import type { AgentLists } from "./agent-list.ts";
import { startLogin } from "./auth.ts";
import { Connection } from "./connection.ts";
import { describeKey, fingerprint } from "./host-key.ts";
import { badLineNotices, hostKeyRefusal, type KeyChecking } from "./host-key-refusal.ts";
import type { HostSettings } from "./host-settings.ts";
import type { HostTrust, HostTrusts } from "./host-trust.ts";
import { createKeyring } from "./keyring.ts";
import type { LoginKeys } from "./login-keys.ts";
import { createPasswords } from "./passwords.ts";
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
  readonly notices: readonly Notice[];
}

interface LoginOptions {
  /** Connected to the host, with an `error` listener that stays. */
  readonly wire: Wire;
  readonly signal: AbortSignal;
  /** The last host on the way, for messages. */
  readonly via?: string;
  /** Whether this host is on the way to others: it gets no password of theirs. */
  readonly isJump?: boolean;
}

/** With what a host's key is checked, and with what it is logged in to. */
export interface LoginMeans {
  readonly trust: HostTrust;
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
   * Asks for the nodes' password if there is to be one, before the first connection.
   * @throws {PullcastError} PC264 where nobody gives it
   */
  askFirst(): Promise<void>;
  /**
   * Handshake, host key, login; the wire is gone if that fails.
   * @throws {PullcastError} PC2xx with the phase; the abort reason
   */
  connect(settings: HostSettings, options: LoginOptions): Promise<LoggedIn>;
}

/** What a run has once, whatever carries its work. */
export interface LoginShared {
  /** Lists the agents' keys, each agent's once. */
  readonly agents: AgentLists;
  /** Reads each set of known_hosts files once. */
  readonly trusts: HostTrusts;
  /** Ids of the unknown host keys that the user has let in. */
  readonly approved: ReadonlySet<string>;
}

/** Makes the login of a run. */
export function createLogin(
  ssh2: Ssh2,
  options: SshOptions,
  { agents, trusts, approved }: LoginShared,
): Login {
  const { limits, version, onStep } = options;
  const keysOf = createKeyring(ssh2, options, agents);
  const passwords = options.askPass === true ? createPasswords(options) : undefined;
  const prepare = async (settings: HostSettings): Promise<LoginMeans> => {
    const [trust, loginKeys] = await Promise.all([trusts.of(settings), keysOf(settings)]);
    return { trust, loginKeys };
  };
  return {
    prepare,
    askFirst: async () => void (await passwords?.ofNodes()),
    async connect(settings, { wire, signal, via, isJump }) {
      const { user, hostKeyChecking } = settings;
      const at = placeVia(settings, via);
      const { trust, loginKeys: keys } = await prepare(settings).catch((error: unknown) => {
        wire.destroy();
        throw error;
      });
      const checking = { trust, at, approved, hostKeyChecking };
      const password =
        passwords && (() => (isJump ? passwords.ofJump(settings) : passwords.ofNodes()));
      const request = { ssh2, at, user, methods: settings.loginMethods, keys, password };
      let accepted: Buffer | undefined;
      const connection = new Connection({
        ssh2,
        socket: wire,
        at,
        limits,
        user,
        version: version ?? "0",
        knownKeyTypes: trust.keyTypes(),
        login: (link) => startLogin(request, link),
        checkHostKey(blob) {
          // A renewal of keys must not bring another host.
          if (accepted?.equals(blob)) return undefined;
          const verdict = trust.judge(blob);
          const refusal = hostKeyRefusal({ ...checking, blob, verdict });
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
      const hostKeyAdded = await recordIfNew(connection, checking, accepted);
      const hostKeyFingerprint = accepted === undefined ? "" : fingerprint(accepted);
      const notices = badLineNotices(trust);
      return { connection, at, hostKeyFingerprint, hostKeyAdded, notices };
    },
  };
}

/** Only now, after the login, has the host proved that it owns the key: a stolen public key fails before. */
async function recordIfNew(
  connection: Connection,
  checking: KeyChecking,
  blob: Buffer | undefined,
): Promise<boolean> {
  const { trust } = checking;
  if (blob === undefined || trust.judge(blob).type === "known") return false;
  try {
    const verdict = await trust.record(blob);
    const refusal = hostKeyRefusal({ ...checking, blob, verdict });
    if (refusal !== undefined) throw refusal;
    return verdict.type === "unknown";
  } catch (error) {
    connection.fail(error);
    throw error;
  }
}
