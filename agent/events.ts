import type { Code } from "./errors.ts";
import type {
  CheckGroup,
  NodeReport,
  Notice,
  PreloadItem,
  PullReport,
  SkippedNode,
  Target,
  TrustedNode,
  WaveReport,
} from "./model.ts";

/** The run knows its targets; nothing has been touched. */
export interface PlannedEvent {
  readonly type: "planned";
  readonly operation:
    | "push"
    | "plan"
    | "diff"
    | "status"
    | "history"
    | "rollback"
    | "remove"
    | "restore"
    | "verify"
    | "trust"
    | "cleanup"
    | "preload"
    | "preload-status"
    | "preload-prune";
  readonly run: string;
  /** The pool that the targets are; absent where no file told of pools. */
  readonly pool?: string;
  /** kubectl's context and server; absent for `--hosts`. */
  readonly context?: { readonly name: string; readonly server: string };
  /** Where the credentials come from and which registries they serve; absent where none are sent. */
  readonly credentials?: { readonly source: string; readonly entries: readonly string[] };
  /** The kinds of address chosen, with counts, for instance `{ InternalIP: 3 }`. */
  readonly addressKinds: Readonly<Record<string, number>>;
  readonly targets: readonly Target[];
  readonly skipped: readonly SkippedNode[];
  /** Sizes of waves, where there are several, and what a failure does. */
  readonly waves?: {
    readonly sizes: readonly number[];
    readonly maxFailures: number;
    readonly onFailure: "stop" | "rollback" | "continue";
  };
  readonly concurrency: number;
}

/** Something worth knowing about the whole run. */
export interface NoticeEvent {
  readonly type: "notice";
  readonly notice: Notice;
}

/** Work on one node began. */
export interface NodeStartedEvent {
  readonly type: "node-started";
  readonly node: string;
}

/** A wave begins on these nodes. */
export interface WaveStartedEvent {
  readonly type: "wave-started";
  /** From 1. */
  readonly wave: number;
  readonly of: number;
  readonly nodes: readonly string[];
}

/** A wave's nodes reached their end. */
export interface WaveFinishedEvent extends WaveReport {
  readonly type: "wave-finished";
  readonly of: number;
}

/** Too many nodes failed: what this run did is undone on these nodes. */
export interface RollingBackEvent {
  readonly type: "rolling-back";
  readonly nodes: readonly string[];
  readonly cause: Notice;
}

/** A node reached its end in a push or restore. */
export interface NodeFinishedEvent {
  readonly type: "node-finished";
  readonly report: NodeReport;
}

/** A kubelet is being restarted; `done` of `total` are finished. */
export interface RestartEvent {
  readonly type: "restart";
  readonly node: string;
  readonly state: "restarting" | "waiting-ready" | "ready" | "failed";
  readonly done: number;
  readonly total: number;
}

/** A node's pull was decided. */
export interface PullFinishedEvent {
  readonly type: "pull-finished";
  readonly report: PullReport;
}

/** An image is on a node, or not. */
export interface ImageFinishedEvent {
  readonly type: "image-finished";
  readonly item: PreloadItem;
}

/** Bytes of layers went to nodes; about once a second. */
export interface BytesSentEvent {
  readonly type: "bytes-sent";
  /** To all nodes since the run began. */
  readonly sentBytes: number;
  /** In all; a guess until all nodes were looked at. */
  readonly expectedBytes: number;
  /** Of the last seconds; absent at the beginning. */
  readonly bytesPerSecond?: number;
  readonly etaMs?: number;
}

/** A node's host keys were pinned, or not. */
export interface TrustFinishedEvent {
  readonly type: "trust-finished";
  readonly report: TrustedNode;
}

/** Some nodes are not decided yet: their kubelets may use an older file until `until` (RFC 3339). */
export interface WaitingEvent {
  readonly type: "waiting";
  readonly nodes: readonly string[];
  readonly until: string;
  readonly nextTryMs: number;
}

/** Test pods were removed. */
export interface CleanedEvent {
  readonly type: "cleaned";
  readonly pods: number;
}

/** What a check still looks at. */
export interface CheckingEvent {
  readonly type: "checking";
  readonly groups: readonly CheckGroup[];
}

/** The user asked to stop: no new node is started. */
export interface InterruptedEvent {
  readonly type: "interrupted";
  readonly unfinished: readonly string[];
}

/** Why a watch looks at a node: it was there at the start, is new, has a new UID by an old name, or was restarted. */
export type SeenAs = "present" | "new" | "replaced" | "rebooted";

/**
 * How a watched node stands: `waiting` for its first push, `served` (the file is there), `proven` (and a pull was),
 * `failed` and tried again, `contested` (others change its file again and again), `skipped`.
 */
export type WatchedState = "waiting" | "served" | "proven" | "failed" | "contested" | "skipped";

/** A watch saw a node for the first time, or after its restart. */
export interface NodeSeenEvent {
  readonly type: "node-seen";
  readonly node: string;
  readonly uid: string;
  readonly as: SeenAs;
}

/** A watched node is another one's, or no more. */
export interface NodeGoneEvent {
  readonly type: "node-gone";
  readonly node: string;
  readonly uid: string;
}

/** A watched node stands otherwise than before. */
export interface NodeStateEvent {
  readonly type: "node-state";
  readonly node: string;
  readonly uid: string;
  readonly state: WatchedState;
  readonly cause?: Notice;
}

/** A node got its file, or its first proof, for the first time since it was seen. */
export interface NodeServedEvent {
  readonly type: "node-served";
  readonly node: string;
  readonly uid: string;
  readonly as: SeenAs;
  readonly stage: "file" | "proof";
  readonly sinceSeenMs: number;
  /** By two clocks, one of whole seconds; absent for nodes that were there at the start. */
  readonly sinceCreatedMs?: number;
}

/** The cluster is followed: what is kept served there was listed. */
export interface ClusterListedEvent {
  readonly type: "cluster-listed";
  readonly what: "nodes" | "namespaces";
  readonly count: number;
}

/** A DaemonSet's pods are to have another revision of their credentials: Kubernetes rolls it out. */
export interface RevisionEvent {
  readonly type: "revision";
  /** Of the DaemonSet: `NAMESPACE/NAME`. */
  readonly agent: string;
  /** The name of its Secret. */
  readonly revision: string;
}

/** A namespace has the Secret, or not; told where that changed something, and where it failed. */
export interface NamespaceFinishedEvent {
  readonly type: "namespace-finished";
  readonly namespace: string;
  readonly result: "created" | "updated" | "unchanged" | "failed" | "skipped" | "not-attempted";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  /** ServiceAccounts that name the Secret since. */
  readonly accounts: readonly string[];
  /** For one that is new. */
  readonly sinceSeenMs?: number;
}

/** A namespace is served no more: it is gone, or no longer meant. */
export interface NamespaceGoneEvent {
  readonly type: "namespace-gone";
  readonly namespace: string;
}

/** The cluster can't be followed; it is tried again. */
export interface ClusterLostEvent {
  readonly type: "cluster-lost";
  readonly cause: Notice;
  /** In a row. */
  readonly failures: number;
}

/** The credential source was asked, and answered. */
export interface CredentialsLoadedEvent {
  readonly type: "credentials-loaded";
  readonly source: string;
  /** They go to all nodes now. */
  readonly changed: boolean;
  readonly entries: readonly { readonly key: string; readonly expiresAt?: string }[];
  /** When it is asked next, RFC 3339. */
  readonly nextAt: string;
  /** What can't be fetched now, and stays as it was. */
  readonly kept: readonly Notice[];
}

/** The credential source can't be asked: the last good credentials stay. */
export interface CredentialsFailedEvent {
  readonly type: "credentials-failed";
  readonly cause: Notice;
  /** In a row. */
  readonly failures: number;
  /** RFC 3339; absent where nothing is known to end. */
  readonly lastGoodUntil?: string;
  readonly nextAt: string;
}

/** A node's startup taint was taken off; `forced`: without a proof, since its time was over. */
export interface GateOpenedEvent {
  readonly type: "gate-opened";
  readonly node: string;
  readonly uid: string;
  readonly forced: boolean;
}

/** A node's startup taint can't be taken off; it is tried again. */
export interface GateFailedEvent {
  readonly type: "gate-failed";
  readonly node: string;
  readonly uid: string;
  readonly cause: Notice;
}

/** All that can happen in a run; reporters turn it into text. */
export type PullcastEvent =
  | PlannedEvent
  | NoticeEvent
  | WaveStartedEvent
  | WaveFinishedEvent
  | RollingBackEvent
  | NodeStartedEvent
  | NodeFinishedEvent
  | RestartEvent
  | PullFinishedEvent
  | ImageFinishedEvent
  | BytesSentEvent
  | TrustFinishedEvent
  | WaitingEvent
  | CleanedEvent
  | CheckingEvent
  | InterruptedEvent
  | NodeSeenEvent
  | NodeGoneEvent
  | NodeStateEvent
  | NodeServedEvent
  | ClusterListedEvent
  | ClusterLostEvent
  | CredentialsLoadedEvent
  | CredentialsFailedEvent
  | GateOpenedEvent
  | GateFailedEvent
  | RevisionEvent
  | NamespaceFinishedEvent
  | NamespaceGoneEvent;

/** Where operations send their events; must not throw. */
export type Report = (event: PullcastEvent) => void;
