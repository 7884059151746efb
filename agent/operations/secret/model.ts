import type { KubectlSettings } from "../../cluster/kubectl.ts";
import type { CredentialSource } from "../../credentials/model.ts";
import type { Code } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { CredentialSummary, PullResult } from "../../model.ts";
import type { RegistryAccess } from "../../registry/reach.ts";
import type { JudgeOptions } from "../options.ts";

/** Which namespaces a run is about; nothing said: the context's. */
export interface NamespaceSelection {
  /** By name: they are not looked up first, so that nobody must be allowed to list namespaces. */
  readonly names: readonly string[];
  /** All of the cluster, system namespaces too. */
  readonly all: boolean;
  /** kubectl's `-l`, of namespaces. */
  readonly selector?: string;
  /** Globs of names to leave out. */
  readonly exclude: readonly string[];
}

/** Which ServiceAccounts name the Secret. */
export interface AccountSelection {
  readonly names: readonly string[];
  readonly all: boolean;
}

/** What every operation on Secrets needs. */
export interface SecretRunOptions {
  readonly kubectl: KubectlSettings;
  readonly namespaces: NamespaceSelection;
  /** Of the Secret, in each namespace. */
  readonly name: string;
  readonly accounts: AccountSelection;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** What would be sent where. */
export interface SecretPlan {
  /** For people. */
  readonly source: string;
  readonly namespaces: readonly string[];
}

/** Where the credentials of Secrets come from, and how they are judged. */
export interface SecretSourceOptions extends JudgeOptions, Pick<RegistryAccess, "registryCa"> {
  readonly source: CredentialSource;
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface SecretRenderOptions extends SecretSourceOptions {
  /** Of the Secret. */
  readonly name: string;
  readonly namespaces: readonly string[];
  /** ServiceAccounts that name it, in each namespace. */
  readonly accounts: readonly string[];
}

export interface SecretApplyOptions extends SecretRunOptions, SecretSourceOptions {
  /** Ask the API server what would come of it, and change nothing. */
  readonly dryRun: boolean;
  /** Take over Secrets of the name that others wrote. */
  readonly replace: boolean;
  /** Asked before credentials of an ambient source go to more than 10 namespaces; absent: not asked. */
  readonly confirm?: (plan: SecretPlan) => Promise<boolean>;
}

export interface SecretRemoveOptions extends Omit<SecretRunOptions, "accounts"> {
  /** Only ask what would come of it, and change nothing. */
  readonly dryRun: boolean;
}

export interface SecretStatusOptions extends SecretRunOptions {
  /** Credentials that end earlier than this from now make a namespace `expiring`, ms. */
  readonly expiresWithinMs: number;
  /** @default the present */
  readonly now?: Date;
}

export interface SecretVerifyOptions extends Omit<SecretRunOptions, "name">, RegistryAccess {
  /** Image reference as the user wrote it. */
  readonly image: string;
  /** The user says that strangers can't pull the image: counts where nobody could ask. */
  readonly assumePrivate: boolean;
  /** Pulls at once, 1 or more. */
  readonly maxPulls: number;
  /** The longest the run takes, ms. */
  readonly timeoutMs: number;
}

/** What a pull by a pod of one ServiceAccount came to. */
export interface AccountPull {
  readonly namespace: string;
  readonly account: string;
  /**
   * - `pulled`: a Secret that the pod got from its ServiceAccount is let in by the registry
   * - `by-node`: it pulled, and none of its Secrets is: the node's own credentials served
   * - all else: as in a verify of nodes
   */
  readonly result: PullResult | "by-node";
  /** The Secret whose login the registry lets in; of several, the one that the kubelet tries first. */
  readonly secret?: string;
  /** Secrets that the pod got from its ServiceAccount. */
  readonly secrets: readonly string[];
  /** The node that it ran on. */
  readonly node?: string;
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  readonly durationMs: number;
}

/** All pulls of one run. */
export interface SecretVerifyReport {
  readonly kind: "SecretVerifyReport";
  readonly image: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly context?: string;
  readonly interrupted: boolean;
  readonly requests: number;
  readonly items: readonly AccountPull[];
}

export interface SecretPlanOptions
  extends Omit<SecretRunOptions, "accounts">,
    Pick<RegistryAccess, "registryCa"> {
  /** What a push sends to nodes; absent: what annotations of nodes tell. */
  readonly source?: CredentialSource;
}

/** What serves the pulls of one workload, by the keys of credentials: whether they are let in nobody asked. */
export interface WorkloadPlan {
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly workload: string;
  /**
   * - `secret`: an image is served by a Secret alone; it breaks without
   * - `node`: an image is served by the node's credentials alone; it breaks without
   * - `mixed`: both of these
   * - `both`: either would do
   * - `none`: no credential is for any of its images: they are for anybody, or it can't pull
   */
  readonly state: "secret" | "node" | "mixed" | "both" | "none";
  /** Secrets that serve some image of it. */
  readonly secrets: readonly string[];
  /** Images that only the node's credentials serve. */
  readonly byNode: readonly string[];
  readonly images: readonly string[];
  /** The Secret would serve it, and its pods don't get it. */
  readonly needs: boolean;
}

/** All workloads of one look. */
export interface SecretPlanReport {
  readonly kind: "SecretPlanReport";
  /** Of the Secret. */
  readonly name: string;
  /** Keys of the credentials on nodes, and who says so. */
  readonly nodeKeys: readonly string[];
  readonly nodeKeysFrom: "given" | "annotations" | "unknown";
  readonly startedAt: string;
  readonly durationMs: number;
  readonly context?: string;
  readonly interrupted: boolean;
  readonly requests: number;
  readonly items: readonly WorkloadPlan[];
}

/** In which state a namespace is. */
export interface NamespaceStatus {
  readonly namespace: string;
  /**
   * - `current`: the Secret is pullcast's, and nothing below is true
   * - `expiring`: a credential in it ends soon, or has ended
   * - `pods-without`: pods run that were made before their ServiceAccount named it
   * - `incomplete`: ServiceAccounts that were asked for don't name it
   * - `drifted`: others have written its values besides
   * - `foreign`: it is not pullcast's
   * - `unreadable`: a kubelet can use nothing of it; `wrong-type`: it is no registry Secret of the newer type
   * - `missing`: there is none; `unknown`: it may not be read; `skipped`: the namespace is being deleted
   */
  readonly state:
    | "current"
    | "expiring"
    | "pods-without"
    | "incomplete"
    | "drifted"
    | "foreign"
    | "unreadable"
    | "wrong-type"
    | "missing"
    | "unknown"
    | "skipped";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  /** Keys of its entries. */
  readonly keys?: readonly string[];
  /** RFC 3339: the first of their ends that is known. */
  readonly expiresAt?: string;
  /** How many pods run without it. */
  readonly podsWithout?: number;
}

/** All namespaces of one look. */
export interface SecretStatusReport {
  readonly kind: "SecretStatusReport";
  /** Of the Secret. */
  readonly name: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly context?: string;
  readonly interrupted: boolean;
  readonly requests: number;
  readonly items: readonly NamespaceStatus[];
}

/** What became of a ServiceAccount. */
export interface AccountItem {
  readonly name: string;
  /**
   * - `added`: it names the Secret now; `removed`: no more
   * - `unchanged`: there was nothing to do
   * - `kept`: it names the Secret, and pullcast did not add it
   * - `missing`: there is no such ServiceAccount
   */
  readonly result:
    | "added"
    | "would-add"
    | "removed"
    | "would-remove"
    | "unchanged"
    | "kept"
    | "missing"
    | "failed";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
}

/** What became of a namespace, its Secret and its ServiceAccounts together. */
export interface NamespaceItem {
  readonly namespace: string;
  /**
   * - `updated`: the Secret was changed, or a ServiceAccount was
   * - `absent`: there was nothing to remove
   * - `kept`: the Secret is not pullcast's
   * - `failed`: the Secret or a ServiceAccount; what stands in `accounts` as well was done
   * - `skipped`: it is being deleted
   */
  readonly result:
    | "created"
    | "updated"
    | "unchanged"
    | "removed"
    | "absent"
    | "kept"
    | "would-create"
    | "would-update"
    | "would-remove"
    | "failed"
    | "skipped"
    | "not-attempted";
  readonly code?: Code;
  readonly message?: string;
  /** The command or step that mends it. */
  readonly fix?: string;
  readonly accounts: readonly AccountItem[];
}

/** All namespaces of one run. */
export interface SecretReport {
  readonly kind: "SecretReport";
  readonly operation: "apply" | "remove";
  readonly dryRun: boolean;
  /** Of the Secret. */
  readonly name: string;
  /** The group of namespaces; absent where no file told of groups. */
  readonly group?: string;
  readonly startedAt: string;
  readonly durationMs: number;
  /** kubectl's context. */
  readonly context?: string;
  readonly interrupted: boolean;
  /** What the API server was asked, all in all. */
  readonly requests: number;
  /** What the Secrets hold; only of an apply. */
  readonly credentials: readonly CredentialSummary[];
  readonly items: readonly NamespaceItem[];
}
