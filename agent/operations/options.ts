import type { AddressKind } from "../cluster/addresses.ts";
import type { ClusterContext } from "../cluster/context.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import type { PodName } from "../cluster/pull-secrets.ts";
import type { CredentialSource } from "../credentials/model.ts";
import type { PlannedEvent, Report } from "../events.ts";
import type { KubeletEntry } from "../kubelet/model.ts";
import type { ClusterNode, WavePause } from "../model.ts";
import type { Become } from "../node/become.ts";
import type { RegistryAccess } from "../registry/reach.ts";
import type { Portion } from "../rollout/portion.ts";
import type { HostKeyOffer } from "../transport/host-key-offer.ts";
import type { SshOptions } from "../transport/transport.ts";

/** Which nodes a run is about. */
export interface SelectionOptions {
  /** Node names or globs; empty means all. */
  readonly names: readonly string[];
  readonly selector?: string;
  readonly fieldSelector?: string;
  /** Globs of names to leave out. */
  readonly exclude: readonly string[];
  readonly address: AddressKind;
  /** The host that stands for a node, with `{name}` and `{address}`; absent: its address. */
  readonly hostTemplate?: string;
  /** Entries of `--hosts` and lines of `--hosts-from`; set means: no cluster is asked. */
  readonly hosts?: readonly string[];
  /** What the cluster is known to hold: it is not asked again. */
  readonly known?: KnownCluster;
}

/** A cluster's nodes as somebody follows them. */
export interface KnownCluster {
  readonly nodes: readonly ClusterNode[];
  /** Absent in a pod, where kubectl has no kubeconfig. */
  readonly context?: ClusterContext;
}

/** How the kubelets are made to read the new file at once. */
export interface RestartOptions {
  /** Replaces `systemctl restart UNIT`; run by root's `/bin/sh` on the node. */
  readonly command?: string;
  /** How long a node may take to be Ready again, ms. */
  readonly readyMs: number;
  /**
   * So many of the run's nodes may be not Ready at once: those that are not when it begins, those whose kubelets did
   * not come back, and those being restarted. Control-plane nodes are restarted one at a time whatever it says.
   * Absent: one restart at a time, however many nodes are not Ready.
   */
  readonly maxUnavailable?: Portion;
}

/** What every operation needs to run. */
export interface RunOptions {
  readonly kubectl: KubectlSettings;
  readonly selection: SelectionOptions;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Directory of run records, `$XDG_STATE_HOME/pullcast`. */
  readonly stateDir: string;
}

/** Whether the user trusts host keys that nobody knows; all of a run are asked about at once. */
export type ApproveHostKeys = (offers: readonly HostKeyOffer[]) => Promise<boolean>;

/** What operations that log in to nodes need besides. */
export interface NodeRunOptions extends RunOptions {
  readonly ssh: SshOptions;
  /** How logins get to be root. */
  readonly become?: Become;
  /** Nodes worked on at once, 1 or more. */
  readonly concurrency: number;
  /** Whether three nodes in a row that fail with the same hopeless cause end the run. @default true */
  readonly breaker?: boolean;
  /** The directory of config.json on the nodes, absolute; found on each node if absent. */
  readonly path?: string;
  /** Overwrite or hide what others wrote; what is overwritten is kept. */
  readonly replace: boolean;
  /** Whether a host must have the ids that the cluster knows of its node. @default true */
  readonly nodeCheck?: boolean;
  /** Push also to nodes on which a file is merely unwise: a cloud that replaces them. @default false */
  readonly force?: boolean;
  /** How long a run that changes nodes waits for another one on the same cluster, ms. @default 60,000 */
  readonly lockWaitMs?: number;
  /** Absent: unknown host keys are refused without a question. */
  readonly approveHostKeys?: ApproveHostKeys;
  /**
   * Keeps the cluster to this run, in place of a hold of its own; what it returns gives it back.
   * @throws {PullcastError} PC143 where another run holds the cluster
   */
  readonly hold?: (run: string) => Promise<() => Promise<void>>;
  /** Which runs are recorded on this machine. @default all */
  readonly recorded?: "all" | "changes";
}

/** How what is sent is judged and told. */
export interface JudgeOptions {
  /** Warnings refuse the push as errors do. @default false */
  readonly strict?: boolean;
  /** Salt of fingerprints in place of the cluster's identity. */
  readonly fingerprintSalt?: string;
  /** @default the present */
  readonly now?: Date;
}

/** The CA counts where an identity token is exchanged. */
type SourceAccess = Pick<RegistryAccess, "registryCa">;

/** How a push treats entries that others wrote, and in whose name it writes its own. */
export interface MergeOptions {
  /** Keep others' entries byte for byte. @default false */
  readonly merge?: boolean;
  /** With `merge`: leave out entries that void the whole file. @default false */
  readonly dropInvalid?: boolean;
  /** With `merge`: take in the entries of a file that the kubelet would use no longer. @default false */
  readonly importHidden?: boolean;
  /** Of several that merge into one file, each has the entries of its own. @default operator and source */
  readonly fieldManager?: string;
  /** Who runs it, for people: `alice@bastion`; kept on the nodes. @default unknown */
  readonly operator?: string;
}

/** How a run is cut into waves, and what a failure does. */
export interface WaveOptions {
  /** See `splitWaves`; none is one wave of all. */
  readonly sizes?: readonly Portion[];
  /** A node label: each of its values is a group of waves of its own. */
  readonly by?: string;
  /** How many nodes may fail; unreachable ones count. @default 0 with several waves, else all */
  readonly maxFailures?: Portion;
  /**
   * What one failure too many does: `stop` begins no further wave or node; `rollback` does so and puts back what
   * stood before the run on all nodes that it changed; `continue` goes on. @default stop
   */
  readonly onFailure?: "stop" | "rollback" | "continue";
  /** An image that each wave's nodes must be able to pull before the next one begins. */
  readonly proof?: Omit<VerifyOptions, keyof RunOptions>;
  /** The run pauses after this wave, or after each. */
  readonly pauseAfter?: number | "each";
  /** Asked at a pause; absent: the run ends there. */
  readonly mayGoOn?: (pause: WavePause) => Promise<boolean>;
}

export interface PushOptions extends NodeRunOptions, JudgeOptions, SourceAccess, MergeOptions {
  readonly source: CredentialSource;
  /**
   * `file`: the kubelet's own, which it reads every 5 minutes; `provider`: a credential provider that it asks at each
   * pull, set up by one restart of each kubelet. @default "file"
   */
  readonly delivery?: "file" | "provider";
  /** With a provider: ports of registries that later pushes may bring, decimal. */
  readonly providerPorts?: readonly string[];
  /** `client`: nothing is connected to; `server`: nodes are looked at, and nothing is written. */
  readonly dryRun?: "client" | "server";
  /** The pool that the nodes are, for people. */
  readonly pool?: string;
  /** Leave on each node of a cluster an annotation that tells of the file. @default false */
  readonly annotate?: boolean;
  /** Whether the report has fingerprints: each takes 40 ms of a processor beside the work on nodes. @default true */
  readonly fingerprints?: boolean;
  readonly restart?: RestartOptions;
  readonly waves?: WaveOptions;
  /**
   * Asked before credentials of an ambient source go to more than 10 nodes; `false` ends the run with PC638.
   * Absent: not asked.
   */
  readonly confirm?: (plan: PlannedEvent) => Promise<boolean>;
}

export interface StatusOptions extends NodeRunOptions {
  /** Credentials that end earlier than this from now make a node `expiring`, ms. */
  readonly expiresWithinMs: number;
  /** @default the present */
  readonly now?: Date;
}

export interface RemoveOptions extends NodeRunOptions {
  /** Keys or hosts; none means all of pullcast's. */
  readonly registries: readonly string[];
  /** From the kubelet's own file alone, or from what a provider prints. @default both */
  readonly delivery?: "file" | "provider";
  /** Look at the nodes and tell what would go; nothing is changed. @default false */
  readonly dryRun?: boolean;
  /** For people; kept on the nodes. @default unknown */
  readonly operator?: string;
  readonly restart?: RestartOptions;
  /** @default the present */
  readonly now?: Date;
}

export interface RollbackOptions extends NodeRunOptions {
  /** The run whose state is wanted; absent: what stood there before the last one. */
  readonly to?: string;
  /** For people; kept on the nodes. @default unknown */
  readonly operator?: string;
  readonly restart?: RestartOptions;
  /** @default the present */
  readonly now?: Date;
}

export interface RestoreOptions extends NodeRunOptions {
  readonly restart?: RestartOptions;
  /** For people. @default unknown */
  readonly operator?: string;
}

export interface VerifyOptions extends RunOptions, RegistryAccess {
  /** Image reference as the user wrote it. */
  readonly image: string;
  /** Namespace of the test pods; kubectl's current one if absent. */
  readonly namespace?: string;
  /** `pull` moves the image; `auth` asks for a digest that can't exist. */
  readonly proof: "pull" | "auth";
  /** The user says that strangers can't pull the image: counts where nobody could ask. */
  readonly assumePrivate: boolean;
  /** Pulls at once, 1 or more. */
  readonly maxPulls: number;
  /** The longest the run waits for nodes that are not decided, ms. */
  readonly timeoutMs: number;
  /** `denial`: a credential was taken away, and a fresh pull must be denied. @default "pull" */
  readonly expect?: "pull" | "denial";
  /** What the image's index is read with from here, to know which machines it is for; absent: as a stranger. */
  readonly entries?: readonly KubeletEntry[];
}

export interface CheckOptions extends NodeRunOptions, RegistryAccess {
  readonly source: CredentialSource;
  /** An image that the credentials should be able to pull; a verify's permissions count as well then. */
  readonly image?: string;
  /** Namespace of a verify's test pods; kubectl's current one if absent. */
  readonly namespace?: string;
  /** Compare the newest node of each pool with what its template should have given it. @default false */
  readonly templates?: boolean;
}

export interface DoctorOptions extends NodeRunOptions {
  /** Connect, and go the way of a push up to its first write. */
  readonly probe: boolean;
}

export interface ExplainOptions extends SourceAccess {
  readonly kubectl: KubectlSettings;
  /** As in a pod; absent: the only one of `pod`. */
  readonly image?: string;
  /** The file that a push would send; with `node`, as if it had been pushed there. */
  readonly source?: CredentialSource;
  /** Where to look: the selection must be one node. */
  readonly node?: NodeRunOptions;
  readonly pod?: PodName;
  readonly signal: AbortSignal;
}

export interface InspectOptions extends JudgeOptions, SourceAccess {
  readonly source: CredentialSource;
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface TrustOptions extends Omit<RunOptions, "stateDir"> {
  /** pullcast's own known_hosts: new pins go there. */
  readonly pinFile: string;
  /** Files in its place; new pins go to the first, which is only added to. */
  readonly knownHosts?: readonly string[];
  /** Put keys that differ in place of those pinned. */
  readonly replace: boolean;
  /** For the pods; it needs `cat`. */
  readonly image: string;
  /** Namespace of the pods; kubectl's current one if absent. */
  readonly namespace?: string;
  /** Pods at once, 1 or more. */
  readonly concurrency: number;
  /** The longest the run takes, ms. */
  readonly timeoutMs: number;
}

export interface CleanupOptions {
  readonly kubectl: KubectlSettings;
  /** One namespace; all if absent. */
  readonly namespace?: string;
  readonly signal: AbortSignal;
  readonly report: Report;
}
