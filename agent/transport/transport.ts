import type { Duplex, Readable } from "node:stream";
import type {
  Admission,
  ExecOutcome,
  HostKeyBy,
  Notice,
  Phase,
  Target,
  TransportChoice,
  TransportName,
} from "../model.ts";
import type { Secret } from "../secret.ts";
import type { HostKeyOffer } from "./host-key-offer.ts";

/** How the user wants nodes to be reached. */
export interface SshOptions {
  /** What carries the work; `auto`: ssh2, and the system's ssh where only that will do. @default "auto" */
  readonly transport?: "auto" | TransportName;
  /** Login name; absent: ssh's configuration, else the user's own. */
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
  /**
   * pullcast's own known_hosts, where cluster nodes are pinned by their UID; what is pinned there decides alone.
   * `knownHosts` takes its place.
   */
  readonly pinFile?: string;
  /** Absent: ssh's configuration, else unknown keys are refused such that {@link Transport.approve} can let them in. */
  readonly hostKeyChecking?: "strict" | "accept-new";
  /** How ssh's configuration is asked; absent: it isn't. */
  readonly config?: SshConfig;
  /**
   * Asks a person for a secret; absent where nobody can be asked, `undefined` where nothing was answered.
   * May be called for many hosts at once: the same question gets the same answer.
   * @throws where the run is to stop
   */
  readonly askSecret?: (question: string) => Promise<Secret | undefined>;
  /** Whether passwords are asked for and used where keys are not enough. */
  readonly askPass?: boolean;
  /** For every host, in ms; absent: ssh's ConnectTimeout for the host, else that of `limits`. */
  readonly connectMs?: number;
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
  /** What decides whether the input is sent; absent: it is sent at once. */
  readonly admission?: Admission;
  /** All of standard input; secrets are revealed here and nowhere else. */
  readonly input: Secret<Uint8Array>;
  /**
   * Bytes that follow the input, as they come; asked for once, when the input has gone. It is destroyed where the
   * program ends without reading all of it; where it fails, the program's input ends early.
   */
  readonly more?: () => Promise<Readable>;
  /** The longest it may take, ms; absent: `execTotalMs` of the limits. */
  readonly totalMs?: number;
  /** The longest silence, ms; absent: `execIdleMs` of the limits. */
  readonly idleMs?: number;
  /**
   * Whether standard output that ends so (its last 4 KiB) is all that is waited for once the exit code is there:
   * what the program left running may hold its output open. Absent: the channel's end is waited for.
   */
  readonly isComplete?: (tail: string) => boolean;
  /** Whether all of standard output is kept, up to the flood limit, and not its head and tail alone. */
  readonly keepAll?: boolean;
  readonly signal: AbortSignal;
}

/**
 * A way to one node. Over ssh2 it is an authenticated connection; the system's ssh connects and logs in when
 * the program is run.
 */
export interface Session {
  /** Login name. */
  readonly user: string;
  /** `SHA256:…` of the host key that the node proved to own, as soon as it is known. */
  readonly hostKeyFingerprint?: string | undefined;
  /** `false` where it is certain that no program began; absent: one may have. */
  readonly begun?: boolean;
  /** `true` where the key was new and has been added to known_hosts (`accept-new`, or approved). */
  readonly hostKeyAdded?: boolean;
  /** What vouched for the host key, as soon as it is known. */
  readonly hostKeyBy?: HostKeyBy | undefined;
  /** What is worth knowing about the login. */
  readonly notices?: readonly Notice[];
  /**
   * Runs a program and waits for its end. A link lost while it runs is an outcome (`lost`).
   * Any error with phase `exec` means that the program may have run, and may still.
   * @throws {PullcastError} PC225 to PC229 with phase `channel` or `exec`; what `Transport.open` throws, with its
   *   phase, where the connection is made now; the abort reason when `signal` aborts
   */
  run(request: ExecRequest): Promise<ExecOutcome>;
  /**
   * Lets the node reach us: it listens on its loopback, and each connection to it is handed over. Absent where the
   * transport can't; `undefined` where the node does not let us.
   */
  forward?(onStream: (stream: Duplex) => void): Promise<ForwardedPort | undefined>;
  /** Ends the connection within `teardownMs`, whatever the peer does. Never throws. */
  close(): Promise<void>;
}

/** A port of a node's loopback that leads here. */
export interface ForwardedPort {
  readonly port: number;
  /** The node listens no more; connections that are open stay. Never throws. */
  close(): Promise<void>;
}

/** A choice, and what of the host's configuration does not count by it. */
export type ChosenTransport = TransportChoice & { readonly notices: readonly Notice[] };

/**
 * Connects to a node, checks its host key, logs in.
 * Made once for a run, so that keys are parsed and the agent is asked once for all nodes.
 */
export interface Transport {
  /**
   * @throws {PullcastError} PC2xx with the phase, among them `UnknownHostKey` where the user may be asked;
   *   the abort reason when `signal` aborts
   */
  open(target: Target, signal: AbortSignal): Promise<Session>;
  /** Lets an unknown key in from now on; it is kept once its host has proved to own it. */
  approve(offer: HostKeyOffer): void;
  /** What carries the work to a node and why, once it was decided. */
  chosen(target: Target): ChosenTransport | undefined;
  /** Frees what is shared between sessions. */
  close(): Promise<void>;
}
