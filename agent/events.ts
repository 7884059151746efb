import type {
  CheckGroup,
  NodeReport,
  Notice,
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
    | "cleanup";
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
  | TrustFinishedEvent
  | WaitingEvent
  | CleanedEvent
  | CheckingEvent
  | InterruptedEvent;

/** Where operations send their events; must not throw. */
export type Report = (event: PullcastEvent) => void;
