import { PullcastError } from "../errors.ts";
import type { HostKeyBy, Notice } from "../model.ts";
import type { Secret } from "../secret.ts";
import type { Turn } from "../util/trial.ts";
import type { AgentLists } from "./agent-list.ts";
import { type LoginAttempt, startLogin } from "./auth.ts";
import { Connection } from "./connection.ts";
import { describeKey, fingerprint } from "./host-key.ts";
import { badLineNotices, hostKeyRefusal, type KeyChecking } from "./host-key-refusal.ts";
import type { HostSettings } from "./host-settings.ts";
import type { HostTrust, HostTrusts } from "./host-trust.ts";
import { createKeyring } from "./keyring.ts";
import type { LoginKeys } from "./login-keys.ts";
import type { Passwords } from "./passwords.ts";
import { placeVia, sshError } from "./ssh-error.ts";
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
  readonly hostKeyBy: HostKeyBy;
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
  /** Absent where none is to be used. */
  readonly passwords: Passwords | undefined;
}

/** Makes the login of a run. */
export function createLogin(
  ssh2: Ssh2,
  options: SshOptions,
  { agents, trusts, approved, passwords }: LoginShared,
): Login {
  const { limits, version, onStep } = options;
  const keysOf = createKeyring(ssh2, options, agents);
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
      const tried = passwords && new TriedPassword({ passwords, settings, at, isJump });
      const password = tried && (() => tried.take());
      const request = { ssh2, at, user, methods: settings.loginMethods, keys, password };
      let attempt: LoginAttempt | undefined;
      let accepted: Buffer | undefined;
      const connection = new Connection({
        ssh2,
        socket: wire,
        at,
        limits,
        user,
        version: version ?? "0",
        knownKeyTypes: trust.keyTypes(),
        login: (link) => {
          attempt = startLogin(request, link);
          return attempt;
        },
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
      await connection.open(signal).catch((error: unknown) => {
        throw tried === undefined ? error : tried.failed(error, attempt);
      });
      tried?.taken();
      const hostKeyAdded = await recordIfNew(connection, checking, accepted);
      const hostKeyFingerprint = accepted === undefined ? "" : fingerprint(accepted);
      const notices = badLineNotices(trust);
      const hostKeyBy = hostKeyAdded ? "accepted" : trust.isPinned ? "pinned" : "known-hosts";
      return { connection, at, hostKeyFingerprint, hostKeyAdded, hostKeyBy, notices };
    },
  };
}

interface TriedOptions {
  readonly passwords: Passwords;
  readonly settings: HostSettings;
  readonly at: string;
  readonly isJump: boolean | undefined;
}

/** The password that one login may send, in its turn. */
class TriedPassword {
  readonly #options: TriedOptions;
  #turn: Turn | undefined;

  constructor(options: TriedOptions) {
    this.#options = options;
  }

  /** @throws {PullcastError} PC221 where it was refused before, PC264 */
  async take(): Promise<Secret> {
    const { passwords, settings, isJump } = this.#options;
    const { secret, trial } = await (isJump ? passwords.ofJump(settings) : passwords.ofNodes());
    this.#turn = await trial.turn();
    if (trial.refusedBy === undefined) return secret;
    throw this.#refusal(`it was not tried again after ${trial.refusedBy} had refused it`);
  }

  taken(): void {
    this.#turn?.taken();
  }

  /** Takes in why the login ended, and returns what to throw. */
  failed(error: unknown, attempt: LoginAttempt | undefined): unknown {
    const became = attempt?.password() ?? "unsent";
    const isCut =
      became === "sent" &&
      error instanceof PullcastError &&
      (error.code === "PC226" || error.code === "PC227");
    if (became === "taken") this.#turn?.taken();
    // One node that hangs up says nothing of the others; a jump host is the only one of its kind.
    else if (became === "refused" || (isCut && this.#options.isJump === true)) {
      this.#turn?.refused(this.#options.at);
    } else this.#turn?.leave();
    // A link that is lost then may be a refusal: another try would count towards a lock-out.
    return isCut ? this.#refusal(`it hung up on it (${error.message})`) : error;
  }

  #refusal(why: string): PullcastError {
    const { at, settings } = this.#options;
    return sshError("PC221", {
      at,
      phase: "auth",
      detail: `user ${settings.user}, the password: ${why}`,
      fix: "check the password and --ssh-user",
    });
  }
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
