import type { ExecOutcome, Phase, Target } from "../model.ts";
import type { Secret } from "../secret.ts";

/** How the user wants nodes to be reached. */
export interface SshOptions {
  /** Login name; absent: ssh's configuration, else the user's own. `root` needs no sudo, everybody else gets `sudo -n`. */
  readonly user?: string;
  /** 1..65535, for targets without a port of their own; absent: ssh's configuration, else 22. */
  readonly port?: number;
  /** Private key files, in order; one that can't be used is an error. */
  readonly identities: readonly string[];
  /** Files tried after `identities`; a missing or unusable one is passed over. */
  readonly defaultIdentities?: readonly string[];
  /** Path of ssh-agent's socket, absent where there is none. */
  readonly agentSocket?: string;
  /** Files in OpenSSH's known_hosts format, in place of all others; new keys go to the first. */
  readonly knownHosts?: readonly string[];
  /** Files where ssh's configuration names none. */
  readonly defaultKnownHosts?: {
    readonly user: readonly string[];
    readonly global: readonly string[];
  };
  /** Absent: ssh's configuration, else `strict`. */
  readonly hostKeyChecking?: "strict" | "accept-new";
  /** How ssh's configuration is asked; absent: it isn't. */
  readonly config?: SshConfig;
  readonly limits: PhaseLimits;
  /** Told of each step on the way to a session, jump hosts' too. */
  readonly onStep?: (step: ConnectStep) => void;
  /** pullcast's version, so that sshd's log names the tool. */
  readonly version?: string;
}

/** A step on the way to a session that went well. */
export interface ConnectStep {
  readonly phase: Extract<Phase, "connect" | "handshake" | "host-key" | "auth">;
  /** `host:port`, with the way there. */
  readonly at: string;
  /** Absent where the step is part of another. */
  readonly durationMs?: number;
  /** What was found; clean text. */
  readonly detail: string;
}

/** How the user's `ssh` is asked for its configuration. */
export interface SshConfig {
  /** Program name or path. */
  readonly program: string;
  /** ssh's `-F`. */
  readonly file?: string;
  /** ssh's `-o`, each `KEY=VALUE`. */
  readonly options: readonly string[];
  /** The user's home. */
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  /**
   * Whether standard output that ends so (its last 4 KiB) is all that is waited for once the exit code is there:
   * what the program left running may hold its output open. Absent: the channel's end is waited for.
   */
  readonly isComplete?: (tail: string) => boolean;
  /** Whether all of standard output is kept, up to the flood limit, and not its head and tail alone. */
  readonly keepAll?: boolean;
  readonly signal: AbortSignal;
}

/** An authenticated connection to one node. */
export interface Session {
  /** Login name. */
  readonly user: string;
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
