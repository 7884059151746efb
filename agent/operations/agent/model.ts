import type { KubectlSettings } from "../../cluster/kubectl.ts";
import type { AgentSettings } from "../../deploy/model.ts";
import type { Code } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { Portion } from "../../rollout/portion.ts";
import type { SecretSourceOptions } from "../secret/model.ts";

/** What every operation on the DaemonSet needs. */
export interface AgentRunOptions {
  readonly kubectl: KubectlSettings;
  readonly namespace: string;
  /** Of the DaemonSet. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface AgentInstallOptions
  extends AgentRunOptions,
    Omit<SecretSourceOptions, "kubectl" | "signal" | "report"> {
  readonly settings: Omit<AgentSettings, "namespace" | "name">;
  /** Overwrite what others wrote; it is kept on the node. */
  readonly replace: boolean;
  /** For people; kept on the nodes. @default unknown */
  readonly operator?: string;
  /** Of the first install: how many nodes have it after each wave. */
  readonly waves?: readonly Portion[];
  /** How long a wave, or the rollout, may take, ms. */
  readonly timeoutMs: number;
  /** Asked before credentials of an ambient source go to more than 10 nodes. Absent: not asked. */
  readonly confirm?: (plan: AgentPlan) => Promise<boolean>;
}

/** What would go where. */
export interface AgentPlan {
  readonly source: string;
  readonly nodes: readonly string[];
}

export interface AgentUninstallOptions extends AgentRunOptions {
  /** Leave the credentials on the nodes. */
  readonly keepFiles: boolean;
  readonly timeoutMs: number;
}

/**
 * How the DaemonSet stands on one node.
 * - `ready`: the file of this revision was there at the last look
 * - `outdated`: a pod of another revision is there, and ready
 * - `not-ready`: its pod says why, as far as it could
 * - `missing`: no pod is there
 * - `waiting`: it is in a later wave
 */
export type AgentState = "ready" | "outdated" | "not-ready" | "missing" | "waiting";

export interface AgentItem {
  readonly node: string;
  readonly state: AgentState;
  /** Of its pod: the name of its Secret. */
  readonly revision?: string;
  readonly code?: Code;
  readonly message?: string;
  readonly restarts?: number;
}

export interface AgentReport {
  readonly kind: "AgentReport";
  readonly operation: "install" | "status" | "uninstall";
  readonly namespace: string;
  readonly name: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly context?: string;
  readonly interrupted: boolean;
  /** The Secret that pods are to have; absent where there is no DaemonSet. */
  readonly revision?: string;
  /** Whether this run made a new one. */
  readonly isNew?: boolean;
  readonly items: readonly AgentItem[];
}
