import type { KubectlSettings } from "../../cluster/kubectl.ts";
import type { CredentialSource } from "../../credentials/model.ts";
import type { Code } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { CredentialSummary } from "../../model.ts";
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

export interface SecretApplyOptions
  extends SecretRunOptions,
    JudgeOptions,
    Pick<RegistryAccess, "registryCa"> {
  readonly source: CredentialSource;
  /** Ask the API server what would come of it, and change nothing. */
  readonly dryRun: boolean;
  /** Take over Secrets of the name that others wrote. */
  readonly replace: boolean;
  /** Asked before credentials of an ambient source go to more than 10 namespaces; absent: not asked. */
  readonly confirm?: (plan: SecretPlan) => Promise<boolean>;
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
