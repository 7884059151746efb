/** What `upBed` makes. */
export interface UpOptions {
  /** `[a-z0-9-]`, at most 24 characters; default `bed`. */
  readonly name?: string;
  /** 1 to 50. */
  readonly nodes: number;
  /** Join the nodes to a control plane and bring up registries. */
  readonly cluster?: boolean;
  /** What /bin/sh is on the nodes; default `dash`. */
  readonly shell?: Shell;
  /** `kubelet-fastcache` keeps registry credentials 20 s instead of 5 minutes. */
  readonly kubelet?: Kubelet;
  /** A cluster's nodes have these in turn. @default 1.6 on all of them */
  readonly containerd?: readonly Containerd[];
  /** Hosts may mount, as real machines do: container engines need it. @default false */
  readonly mayMount?: boolean;
  readonly onProgress?: Progress;
}

export type Shell = "dash" | "bash" | "busybox";
export type Kubelet = "kubelet" | "kubelet-fastcache";
/** Lines of containerd, as releases of Debian have them. */
export const CONTAINERDS = ["1.6", "1.7", "2"] as const;
export type Containerd = (typeof CONTAINERDS)[number];

/** Takes one line of text for a person. */
export type Progress = (line: string) => void;

export interface BedNode {
  /** Hostname, and the node's name in the cluster. */
  readonly name: string;
  /** IPv4 address on the bed's own network; the machine reaches it directly. */
  readonly address: string;
  /** sshd's port. */
  readonly port: number;
  /** Container name. */
  readonly container: string;
}

export interface BedSsh {
  /** root: the key below logs in as each of these users. */
  readonly user: "root";
  /** May do all by sudo, without a password. */
  readonly sudoUser: "admin";
  /** May do nothing by sudo. */
  readonly plainUser: "guest";
  /** Path of the private key, ed25519, no passphrase, 0600. */
  readonly key: string;
  /** Path of a known_hosts file with two keys for each node. */
  readonly knownHosts: string;
}

export interface BedImage {
  /** HOST:PORT/REPOSITORY:TAG */
  readonly ref: string;
  /** It has /bin/sh and /bin/echo. */
  readonly shell: boolean;
  /** Anybody may pull it. */
  readonly public: boolean;
}

export interface BedRegistry {
  /** HOST:PORT of the registry that asks for a login. */
  readonly host: string;
  /** HOST:PORT of the registry that serves anybody. */
  readonly publicHost: string;
  /** Path of the CA's certificate, PEM. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
  readonly images: readonly BedImage[];
}

/** What is written to the state directory and printed by `up -o json`. */
export interface BedState {
  readonly name: string;
  readonly nodes: readonly BedNode[];
  readonly ssh: BedSsh;
  /** Path of an admin's kubeconfig, 0600. */
  readonly kubeconfig?: string;
  /** Path of a kubectl program of the cluster's version. */
  readonly kubectl?: string;
  /** Container of the control plane and the registries. */
  readonly control?: string;
  readonly registry?: BedRegistry;
  /** Path of a docker config.json, 0600, that logs in to the registry. */
  readonly dockerConfig?: string;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  /** Default root. */
  readonly user?: string;
  readonly input?: Uint8Array;
}

/** Runs a command in the container of a node, or of `control`; not over SSH. */
export type BedExec = (
  node: string,
  command: readonly string[],
  options?: ExecOptions,
) => Promise<ExecResult>;

export interface Bed extends BedState {
  readonly exec: BedExec;
  /** Removes everything that belongs to this bed. */
  down(): Promise<void>;
}

/** The bed can't be had: what failed, where, and what mends it. */
export class BedError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "BedError";
  }
}
