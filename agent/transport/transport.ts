import type { ExecOutcome, Target } from "../model.ts";
import type { Secret } from "../secret.ts";

/** How the user wants nodes to be reached. */
export interface SshOptions {
  /** Login name; `root` needs no sudo, everybody else gets `sudo -n`. */
  readonly user: string;
  /** 1..65535, for targets without a port of their own. */
  readonly port: number;
  /** Private key files, in order; one that can't be used is an error. */
  readonly identities: readonly string[];
  /** Files tried after `identities`; a missing or unusable one is passed over. */
  readonly defaultIdentities?: readonly string[];
  /** Path of ssh-agent's socket, absent where there is none. */
  readonly agentSocket?: string;
  /** Files in OpenSSH's known_hosts format; new keys go to the first. */
  readonly knownHosts: readonly string[];
  readonly hostKeyChecking: "strict" | "accept-new";
  /** The user's ssh_config files: a node whose only address is a name is used if they name it. */
  readonly configFiles?: readonly string[];
  readonly limits: PhaseLimits;
  /** pullcast's version, so that sshd's log names the tool. */
  readonly version?: string;
}

/** The longest each phase may take, in ms; an error names the phase and its limit. */
export interface PhaseLimits {
  readonly resolveMs: number;
  readonly connectMs: number;
  /** Server's identification and key exchange. */
  readonly handshakeMs: number;
  readonly authMs: number;
  readonly channelMs: number;
  /** Without a byte from the node while a program runs. */
  readonly execIdleMs: number;
  readonly execTotalMs: number;
  readonly teardownMs: number;
}

/** One program on one node. */
export interface ExecRequest {
  /** A constant stub: nothing secret or user-made may be in it, `ps` shows it. */
  readonly command: string;
  /** All of standard input; secrets are revealed here and nowhere else. */
  readonly input: Secret<Uint8Array>;
  /** Whether all of standard output is kept, up to the flood limit, and not its head and tail alone. */
  readonly keepAll?: boolean;
  readonly signal: AbortSignal;
}

/** An authenticated connection to one node. */
export interface Session {
  /** `SHA256:…` of the host key that the node proved to own. */
  readonly hostKeyFingerprint: string;
  /** `true` where the key was new and has been added to known_hosts (`accept-new`). */
  readonly hostKeyAdded?: boolean;
  /**
   * Runs a program and waits for its end. A link lost while it runs is an outcome (`lost`).
   * Any error with phase `exec` means that the program may have run, and may still.
   * @throws {PullcastError} PC225 to PC229 with phase `channel` or `exec`; the abort reason when `signal` aborts
   */
  run(request: ExecRequest): Promise<ExecOutcome>;
  /** Ends the connection within `teardownMs`, whatever the peer does. Never throws. */
  close(): Promise<void>;
}

/**
 * Connects to a node, checks its host key, logs in.
 * Made once for a run, so that keys are parsed and the agent is asked once for all nodes.
 */
export interface Transport {
  /** @throws {PullcastError} PC2xx with the phase; the abort reason when `signal` aborts */
  open(target: Target, signal: AbortSignal): Promise<Session>;
  /** Frees what is shared between sessions. */
  close(): Promise<void>;
}
