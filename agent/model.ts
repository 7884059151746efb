import type { Code } from "./errors.ts";
import type { Secret } from "./secret.ts";

/** One address of `.status.addresses`, type as the API names it (`InternalIP`, `ExternalIP`, `Hostname`, …). */
export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** A node as the API server describes it. Every string is untrusted data: an API writer chose it. */
export interface ClusterNode {
  readonly name: string;
  readonly uid: string;
  readonly addresses: readonly NodeAddress[];
  /** The `Ready` condition; `undefined` where the node never reported one. */
  readonly ready: boolean | undefined;
  readonly unschedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly providerId: string;
  /** For instance `containerd://1.7.2`. */
  readonly runtime: string;
  /** `linux` or `windows`. */
  readonly os: string;
  readonly osImage: string;
  readonly arch: string;
  readonly kubeletVersion: string;
  readonly machineId: string;
  readonly systemUuid: string;
  /** Another one after each start of the machine. */
  readonly bootId: string;
}

/** The address kind of a host that a template made. */
export const BY_TEMPLATE = "template";

/** A machine to connect to: a cluster's node with its chosen address, or an entry of `--hosts`. */
export interface Target {
  readonly name: string;
  /** DNS name, IPv4 or IPv6 address without brackets. */
  readonly host: string;
  /** Set where the user gave one for this host; else `--ssh-port` or 22. */
  readonly port?: number;
  /** Which kind of address was chosen (`InternalIP`, …, `given`, `template`). */
  readonly addressKind: string;
  /** Absent for `--hosts`. */
  readonly node?: ClusterNode;
}

/** A node that was selected and will not be touched, and why. */
export interface SkippedNode {
  /** In place of the code's own. */
  readonly fix?: string;
  readonly name: string;
  readonly code: Code;
  readonly message: string;
}

/** The file as it goes to nodes: what a kubelet can read, nothing else. */
export interface NodeConfig {
  readonly bytes: Secret<Uint8Array>;
  /** Lower-case hex SHA-256 of `bytes`. Never shown: the file may be guessable from it. */
  readonly digest: string;
  readonly sizeBytes: number;
  /** Registry keys of `auths`, as written. */
  readonly entries: readonly string[];
  /** Where it came from, for people: a path, or `standard input`. */
  readonly source: string;
  /** What was left out or is doubtful; nothing secret. */
  readonly warnings: readonly Notice[];
}

/** A coded remark for people: not an error by itself. */
export interface Notice {
  readonly code: Code;
  readonly message: string;
}

/** One thing that a kubelet would ignore or misread, or that will surprise. Nothing secret in it. */
export interface Problem {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** The entry it is about; absent for the whole source. */
  readonly key?: string;
  readonly message: string;
  /** The step that mends it. */
  readonly fix: string;
}

/**
 * How a node ended.
 * - `updated`: the new file is on disk, its digest read back there
 * - `unchanged`: it was there already, nothing was written; nothing was left to restore
 * - `restored`: the file that stood there before pullcast's first is back; with a code, the kubelet's setting of this
 *   run was taken back, since its node was not well with it
 * - `removed`: nothing stood there before pullcast's first file, and nothing does now
 * - `would-update`: the new file would be written; nothing was
 * - `rolled-back`: what stood there before the run is back, proven by its digest
 * - `failed`: the old state is whole, nothing was installed; in the phase `restart` the file is in place and
 *   its kubelet was not restarted
 * - `unknown`: the link was lost and the state could not be read back
 * - `skipped`: never a target (Windows, virtual, …)
 * - `not-attempted`: the run ended first
 */
export type NodeResult =
  | "updated"
  | "unchanged"
  | "restored"
  | "removed"
  | "would-update"
  | "rolled-back"
  | "failed"
  | "unknown"
  | "skipped"
  | "not-attempted";

/** Where in the work on one node something happened. */
export type Phase =
  | "select"
  | "resolve"
  | "connect"
  | "handshake"
  | "host-key"
  | "auth"
  | "channel"
  | "exec"
  | "install"
  | "restart"
  | "verify"
  | "teardown";

/** How a program on a node ended. Success is `exit` with code 0 and the program's own last line, nothing less. */
export type ExecEnd =
  | { readonly type: "exit"; readonly code: number }
  | { readonly type: "signal"; readonly name: string }
  /** The channel closed without a status: the link was cut, or sshd died. */
  | { readonly type: "lost" };

export interface ExecOutcome {
  readonly end: ExecEnd;
  /** Untrusted text, at most 64 KiB each; a survey's is longer and holds credentials. */
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program on a node asks before it takes input: until it is answered, whoever asks would read the input. */
export interface Admission {
  /** Sent at once, as one line. */
  readonly answer: Secret;
  /** Told the ends of both outputs; `undefined` while nothing is decided. Input follows unless it is refused. */
  readonly judge: (said: {
    readonly stdout: string;
    readonly stderr: string;
  }) => "accepted" | "not-asked" | "refused" | undefined;
}

/** What carries the work to a node: the library ssh2, or the system's `ssh`. */
export type TransportName = "ssh2" | "openssh";

/** How a node is reached, and why so. */
export interface TransportChoice {
  readonly transport: TransportName;
  /** A clause for people. */
  readonly transportReason: string;
}

/**
 * What vouched for a node's host key: a known_hosts file of the user's, a pin under the node's UID (`pullcast trust`,
 * or accepted earlier), a certificate authority, or nothing but this first contact (`accepted`).
 */
export type HostKeyBy = "known-hosts" | "pinned" | "certificate-authority" | "accepted";

/** What a push does, or would do, to one auth entry of a node's file. */
export interface EntryChange {
  /** As it stands in the file. */
  readonly key: string;
  /**
   * - `added`, `changed`, `removed`, `unchanged`: of what is sent, or was sent before
   * - `foreign`: of others, left as it is
   * - `kept`: of another field manager of pullcast's, left as it is
   * - `dropped`: it would void the whole file, and is left out
   */
  readonly change: "added" | "changed" | "removed" | "unchanged" | "foreign" | "kept" | "dropped";
  /** Others wrote what is changed or removed. */
  readonly foreign?: true;
  /** The field manager that has it besides, or had it. */
  readonly manager?: string;
}

/** What became of one node in a push or restore. */
export interface NodeReport extends Partial<TransportChoice> {
  readonly node: string;
  readonly address: string;
  readonly uid?: string;
  readonly result: NodeResult;
  readonly code?: Code;
  readonly phase?: Phase;
  readonly message?: string;
  /** The command or step that mends it. */
  readonly fix?: string;
  /** Absolute path of the kubelet's file on the node. */
  readonly path?: string;
  /** `proven` by the live kubelet's sockets, `assumed` (no kubelet seen), `given` by `--path`. */
  readonly pathProof?: "proven" | "assumed" | "given";
  readonly durationMs: number;
  /** RFC 3339: the kubelet uses the file from then on at the latest; absent if nothing was installed. */
  readonly effectiveBy?: string;
  /** `true` once a restart of the kubelet brought the file in force. */
  readonly restarted?: boolean;
  /**
   * Where a credential provider delivers, or did: `on`, the kubelet asks it at each pull; `due`, not before a restart
   * that has not come yet; `off`, it was taken away. Absent where the kubelet reads the file itself.
   */
  readonly provider?: "on" | "due" | "off";
  /** Where the file that stood there before was kept. */
  readonly kept?: string;
  /** Absent where no host key was checked to the end. */
  readonly hostKeyBy?: HostKeyBy;
  /** The wave it was in, from 1; absent where there was one wave alone. */
  readonly wave?: number;
  /** What the proof between waves came to there. */
  readonly pull?: Pick<PullReport, "result" | "durationMs">;
  /** Entry by entry, where the file was looked at. */
  readonly changes?: readonly EntryChange[];
  readonly warnings?: readonly Notice[];
}

/**
 * What a pull from one node proves; after a removal, `revoked`: a fresh one was denied, as it should be, and
 * `served`: it was not.
 */
export type PullResult =
  | "pulled"
  | "revoked"
  | "served"
  | "public"
  | "denied"
  | "not-found"
  | "denied-or-missing"
  | "rate-limited"
  | "no-platform"
  | "tls"
  | "unreachable"
  | "disk"
  | "not-yet"
  | "unproven"
  | "skipped"
  | "not-attempted";

/** What became of one node in a verify. */
export interface PullReport {
  readonly node: string;
  readonly uid?: string;
  readonly result: PullResult;
  readonly code?: Code;
  /** The registry's or the kubelet's own words, cleaned. */
  readonly message?: string;
  readonly fix?: string;
  readonly image: string;
  /** What ran in the pod: `SUCCESS` read from its log, `no shell`, or `-` (nothing ran). */
  readonly ran: "SUCCESS" | "no shell" | "-";
  /** Pods tried. */
  readonly attempts: number;
  /** From the last pod's creation to the kubelet's answer about the pull. */
  readonly durationMs: number;
  /** RFC 3339: what this machine last pushed is in force from then on at the latest; only while that lies ahead. */
  readonly effectiveBy?: string;
  readonly warnings?: readonly Notice[];
}

/** What one wave came to. */
export interface WaveReport {
  /** From 1. */
  readonly wave: number;
  readonly nodes: number;
  readonly failed: number;
  readonly durationMs: number;
}

/** A run between two waves. */
export interface WavePause {
  readonly ended: WaveReport;
  /** In the wave to come. */
  readonly nextNodes: number;
  /** Waves in all. */
  readonly of: number;
}

/** All nodes of one run, in the order of the cluster's list. */
export interface RunReport<Item, Kind extends string> {
  readonly kind: Kind;
  /** Sortable and unique, for instance `20261124T050102Z-1f3a`. */
  readonly run: string;
  readonly startedAt: string;
  readonly durationMs: number;
  /** kubectl's context, absent for `--hosts`. */
  readonly context?: string;
  /** The pool that the nodes are; absent where no file told of pools. */
  readonly pool?: string;
  readonly interrupted: boolean;
  /** Nothing was changed: `client` connected to no node, `server` looked at each. */
  readonly dryRun?: "client" | "server";
  /** Waves that were begun, where there were several. */
  readonly waves?: readonly WaveReport[];
  /** Why the run ended before its last wave. */
  readonly stopped?: Notice;
  readonly items: readonly Item[];
}

/** What may be told of a credential. */
export interface CredentialSummary {
  /** As written in the source. */
  readonly key: string;
  /** What a kubelet makes of the key: host, port and path. */
  readonly registry: string;
  readonly username: string;
  /** `password`, or what its form tells: `jwt`, `ecr-token`, … */
  readonly kind: string;
  /** RFC 3339, `never` or `unknown`. */
  readonly expiresAt: string;
  /** How long such credentials live from their issue (`12h`), where the end itself is not told. */
  readonly lifetime?: string;
  readonly source: string;
  /** Eight hex digits: equal for equal entries, for one cluster; absent where there is no salt. */
  readonly fingerprint?: string;
}

/** What a push would send. */
export interface Inspection {
  readonly kind: "Inspection";
  /** The sources, for people. */
  readonly source: string;
  /** Whether a push would be refused for what the problems say. */
  readonly result: "sound" | "refused";
  /** Of the file for the nodes. */
  readonly sizeBytes: number;
  readonly credentials: readonly CredentialSummary[];
  readonly leftOut: readonly {
    readonly key: string;
    readonly source: string;
    readonly code: Code;
    readonly why: string;
  }[];
  /** Errors first. */
  readonly problems: readonly Problem[];
}

/** With what was sent. */
export type PushReport = RunReport<NodeReport, "PushReport"> & {
  readonly credentials: readonly CredentialSummary[];
};
export type RemoveReport = RunReport<NodeReport, "RemoveReport">;
export type RollbackReport = RunReport<NodeReport, "RollbackReport">;
export type RestoreReport = RunReport<NodeReport, "RestoreReport">;
export type VerifyReport = RunReport<PullReport, "VerifyReport">;

/** How a file differs from what a push leaves. */
export type DriftKind =
  /** Changed after pullcast wrote it. */
  | "foreign-edit"
  /** Never written by pullcast. */
  | "other-tool"
  /** Other nodes have what a later run of the same field manager wrote. */
  | "older-run"
  /** The last run died between its record and the new file. */
  | "unfinished"
  | "mode"
  | "owner"
  | "link"
  | "directory"
  /** The kubelet does not ask the provider that stands there. */
  | "provider";

/** In which state one node's file is. */
export interface NodeStatus {
  readonly node: string;
  readonly address: string;
  readonly uid?: string;
  /**
   * - `current`: as the last push left it, and no credential in it ends soon
   * - `expiring`: the same, and one does, or has ended
   * - `drifted`: it differs, as `drift` tells
   * - `hidden`: the kubelet reads another file instead
   * - `missing`: there is none
   * - `unreadable`: the kubelet can't use what is there, or nobody could look at it
   * - `unreachable`: nobody could log in
   * - `unknown`: asked by annotations, and none tells
   */
  readonly state:
    | "current"
    | "expiring"
    | "drifted"
    | "hidden"
    | "missing"
    | "unreadable"
    | "unreachable"
    | "unknown"
    | "skipped"
    | "not-attempted";
  readonly drift?: readonly DriftKind[];
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  /** Absolute path of the kubelet's file on the node. */
  readonly path?: string;
  readonly pathProof?: "proven" | "assumed" | "given";
  /** The run that wrote it, when (RFC 3339), by whom and in whose name. */
  readonly run?: string;
  readonly at?: string;
  readonly operator?: string;
  readonly manager?: string;
  /** Keys of the entries that are pullcast's. */
  readonly keys?: readonly string[];
  /** RFC 3339: the first of their ends that is known. */
  readonly expiresAt?: string;
  /** RFC 3339: the kubelet uses the file from then on at the latest; absent where it does already. */
  readonly effectiveBy?: string;
  /** RFC 3339; absent where no kubelet was seen. */
  readonly kubeletStartedAt?: string;
  /** Where a credential provider delivers: whether the kubelet asks it. */
  readonly provider?: "on" | "due";
  readonly warnings?: readonly Notice[];
  readonly durationMs: number;
}

export type StatusReport = RunReport<NodeStatus, "StatusReport">;

/** What a run tells of itself, on the nodes too. */
export interface RunFacts {
  readonly run: string;
  /** RFC 3339, by the operator's clock. */
  readonly at: string;
  readonly operation: "push" | "rollback" | "remove";
  /** Who ran it, for people: `alice@bastion`. */
  readonly operator: string;
  /** Where the credentials came from, for people. */
  readonly source: string;
  /** The field manager: in whose name. */
  readonly manager: string;
  /** The run whose state a rollback brought back. */
  readonly to?: string;
}

/** One run as a node remembers it. */
export interface RecordedRun extends RunFacts {
  readonly keys: readonly string[];
  /** RFC 3339: the first of their ends that is known. */
  readonly expiresAt?: string;
  /**
   * - `current`: its file stands there
   * - `kept`: a rollback may bring it back
   * - `gone`: its file is neither
   */
  readonly file: "current" | "kept" | "gone";
}

/** What one node remembers. */
export interface NodeHistory {
  readonly node: string;
  readonly address: string;
  readonly uid?: string;
  readonly result: "read" | "failed" | "skipped" | "not-attempted";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  /** Newest first. */
  readonly runs: readonly RecordedRun[];
  readonly durationMs: number;
}

export type HistoryReport = RunReport<NodeHistory, "HistoryReport">;

/** A public key, for people. */
export interface PublicKey {
  /** `ED25519`, `RSA`, `ECDSA` */
  readonly type: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** What became of one node's host keys. */
export interface TrustedNode {
  readonly node: string;
  readonly uid?: string;
  /**
   * - `trusted`: its keys, or those of a further type, are pinned now
   * - `unchanged`: they were pinned already
   * - `replaced`: others were pinned before
   * - `failed`: nothing was changed
   */
  readonly result: "trusted" | "unchanged" | "replaced" | "failed" | "skipped" | "not-attempted";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  /** What the node showed. */
  readonly keys: readonly PublicKey[];
  readonly durationMs: number;
}

/** One image on one node. */
export interface PreloadItem extends Partial<TransportChoice> {
  readonly node: string;
  readonly uid?: string;
  /** In full, as a pod would name it. */
  readonly image: string;
  /** Of its index or manifest, `sha256:…`; absent where nobody could ask what it means. */
  readonly digest?: string;
  /**
   * - `loaded`: it was sent, unpacked and named, and both its names mean the digest
   * - `present`: it was there already
   * - `would-load`: a dry run; `missingBytes` are missing
   */
  readonly result:
    | "loaded"
    | "present"
    | "would-load"
    | "failed"
    | "unknown"
    | "skipped"
    | "not-attempted";
  /**
   * How its layers went: over SSH into containerd's content store, by a pull of containerd's through the SSH connection,
   * by one of the kubelet's from the registry itself, or by `docker load` or `podman load`.
   */
  readonly way?: "ingest" | "tunnel" | "pull" | "load";
  /** Of layers, as they are compressed. */
  readonly missingBytes?: number;
  /** Of layers, over the wire to this node, broken tries too. */
  readonly sentBytes?: number;
  readonly platform?: string;
  readonly pinned?: boolean;
  /**
   * Whether pods start with it while no registry can be reached, by the kubelet's settings and what it remembers:
   * - `yes`: all that don't say imagePullPolicy Always
   * - `with-policy`: those that say IfNotPresent or Never; the tag is latest
   * - `with-credentials`: those whose own pull secrets the kubelet has seen work
   * - `no`: each start asks the registry
   */
  readonly offline?: "yes" | "with-policy" | "with-credentials" | "no";
  /** Why not all; a clause. */
  readonly offlineWhy?: string;
  /** Whether a pod that may not pull started with it; absent where none was tried. */
  readonly starts?: boolean;
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  readonly warnings?: readonly Notice[];
  /** From 1; absent where the run is one wave. */
  readonly wave?: number;
  readonly durationMs: number;
}

/** Whose word the keys are, and where they are kept. */
export type TrustReport = RunReport<TrustedNode, "TrustReport"> & {
  readonly file: string;
  /** Who could have given wrong keys. */
  readonly trusted: readonly string[];
};

/** What a check looks at, in the order of a report. */
export type CheckGroup = "kubectl" | "rbac" | "nodes" | "ssh" | "source" | "registry" | "templates";

/** One line of a check; of a node's login with what carried it. */
export interface CheckItem extends Partial<TransportChoice> {
  readonly group: CheckGroup;
  /** What was looked at: a node, a registry key, a permission, … */
  readonly name: string;
  /**
   * - `failed`: the next command will not work here
   * - `warning`: it will, and this is worth knowing
   * - `not-tried`: nobody could tell
   */
  readonly result: "ok" | "warning" | "failed" | "not-tried";
  /** PC000 for `ok`. */
  readonly code: Code;
  readonly message: string;
  /** The command or step that mends it; absent for `ok`. */
  readonly fix?: string;
}

/** All that a push, and a verify where an image is named, will meet. */
export interface CheckReport {
  readonly kind: "CheckReport";
  readonly startedAt: string;
  readonly durationMs: number;
  /** kubectl's context, absent for `--hosts`. */
  readonly context?: string;
  readonly interrupted: boolean;
  readonly items: readonly CheckItem[];
}

/** What became of one test pod in a cleanup. */
export interface PodReport {
  readonly namespace: string;
  readonly name: string;
  /** Absent for a pod that no node was given. */
  readonly node?: string;
  readonly result: "removed" | "failed";
  /** The API server's words, cleaned; only for `failed`. */
  readonly message?: string;
}

/** All test pods that were found, of whatever run. */
export interface CleanupReport {
  readonly kind: "CleanupReport";
  readonly startedAt: string;
  readonly durationMs: number;
  /** kubectl's context. */
  readonly context?: string;
  readonly interrupted: boolean;
  readonly items: readonly PodReport[];
}
