import type { KubectlSettings } from "../../cluster/kubectl.ts";

/**
 * What is wanted:
 * - `public`: images that anybody may pull
 * - `all`: private images for every pod
 * - `some`: private images, and some of them for some pods alone
 * - `tenants`: each tenant its own registry, and nobody another's
 */
export type Wish = "public" | "all" | "some" | "tenants";

export interface AdviseOptions {
  readonly kubectl: KubectlSettings;
  readonly want: Wish;
  readonly signal: AbortSignal;
}

/** What was found out about a cluster. */
export interface ClusterFacts {
  readonly nodes: number;
  /** Clouds and systems where files on nodes are the wrong way, with the number of nodes and the right step. */
  readonly unsuited: readonly {
    readonly why: string;
    readonly fix: string;
    readonly nodes: number;
    readonly unwise: boolean;
  }[];
  /** What makes and removes nodes by itself; absent where nothing tells of one. */
  readonly autoscaler?: string;
  /** Whether admission makes every pod pull afresh; absent where nobody could tell, `why` says so. */
  readonly alwaysPull?: boolean;
  readonly alwaysPullUnknown?: string;
  /** Nodes with word of a push (`push --annotate`). */
  readonly annotated: number;
  /** The oldest kubelet, `v1.33.4`. */
  readonly oldestKubelet: string;
}

/** One way to serve pulls, and the commands that take it. */
export interface Route {
  readonly route: "none" | "node-file" | "node-provider" | "secrets" | "cloud";
  readonly why: readonly string[];
  /** Who may use what. */
  readonly exposes: readonly string[];
  readonly commands: readonly string[];
}

export interface Advice {
  readonly kind: "Advice";
  readonly want: Wish;
  readonly context?: string;
  readonly facts: ClusterFacts;
  readonly advised: Route;
  /** Others that would do, and what speaks against them. */
  readonly others: readonly { readonly route: Route["route"]; readonly why: string }[];
}
