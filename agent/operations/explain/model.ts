import type { Expiry } from "../../credentials/model.ts";
import type { PlaceStatus } from "../../kubelet/search-places.ts";
import type { Problem, TransportChoice } from "../../model.ts";
import type { RuntimeRegistry } from "../../node/runtime-registries.ts";

/** One credential that the kubelet would try; nothing secret. */
export interface ExplainedCandidate {
  /** The key as written; for a provider plugin, the pattern that matches. */
  readonly key: string;
  /** Absent for a provider plugin: it is asked at each pull. */
  readonly username?: string;
  /** Where it stands: a path, `secret NAMESPACE/NAME`, `provider NAME`. */
  readonly source: string;
  readonly fingerprint?: string;
  readonly expiresAt?: Expiry;
}

/** An entry that is not tried, and why. */
export interface ExplainedIgnored {
  readonly key: string;
  readonly why: string;
  readonly source: string;
}

/** One of the eight places of a node where its kubelet looks for a file, in its order. */
export interface ExplainedPlace {
  readonly path: string;
  readonly status: PlaceStatus;
  readonly why?: string;
  /** Octal. */
  readonly mode?: string;
  readonly uid?: number;
  readonly sizeBytes?: number;
  /** RFC 3339: when name, place or content last changed. */
  readonly changedAt?: string;
}

/** A credential provider plugin of a node. */
export interface ExplainedProvider {
  readonly name: string;
  readonly serves: boolean;
  readonly matchImages: readonly string[];
  readonly programPresent: boolean;
}

/** What one look at a node found, and what carried it there. */
export interface ExplainedNode extends Partial<TransportChoice> {
  readonly name: string;
  readonly address: string;
  /** As the cluster knows it. */
  readonly kubeletVersion?: string;
  /** RFC 3339: the node's clock. */
  readonly now: string;
  readonly rootDir: string;
  readonly rootProof: "proven" | "assumed" | "given";
  readonly cwd: string;
  readonly home: string;
  /** The flags that matter here. */
  readonly flags: Readonly<Record<string, string>>;
  /** Absent where no live kubelet was proven. */
  readonly kubelet?: {
    readonly pid: number;
    /** RFC 3339, by the node's clock, as all times here. */
    readonly startedAt: string;
    readonly process: string;
    readonly executable?: string;
    readonly unit?: string;
  };
  readonly places: readonly ExplainedPlace[];
  /** RFC 3339: what stands on the node is in force from then on; a time that has passed, or the latest that it may be. */
  readonly effectiveBy: string;
  /** RFC 3339: when the kubelet last read, by its own log. */
  readonly lastReadAt?: string;
  readonly providers: readonly ExplainedProvider[];
  /** What the runtime knows of the image's registry by itself. */
  readonly runtime: readonly RuntimeRegistry[];
  /** The kubelet's last words about credentials and pulls. */
  readonly log: readonly { readonly at: string; readonly text: string }[];
}

/** What a pod brings. */
export interface ExplainedPod {
  readonly namespace: string;
  readonly name: string;
  readonly node?: string;
  readonly serviceAccount: string;
  readonly imagePullPolicy?: string;
  readonly pullSecrets: readonly { readonly name: string; readonly state: string }[];
}

/** Which credentials a kubelet would try for an image, and why not the others. */
export interface Explanation {
  readonly kind: "Explanation";
  readonly image: string;
  /** What keys are matched with, for instance `docker.io/library/app`. */
  readonly repository: string;
  /** `tried`: at least one credential; `none`: the pull is tried without; `fails`: it is not even tried. */
  readonly result: "tried" | "none" | "fails";
  readonly source: {
    /**
     * `push`: what a push would send; `node`: what stands on the node; `planned`: the node as it would be after a
     * push; `none`: the pod's alone, there is nothing to push.
     */
    readonly type: "push" | "node" | "planned" | "none";
    /** The source of a push, or the path of the file that counts; absent where none does. */
    readonly name?: string;
  };
  /** In the order in which they are tried, until one is taken. */
  readonly candidates: readonly ExplainedCandidate[];
  readonly ignored: readonly ExplainedIgnored[];
  readonly problems: readonly Problem[];
  readonly pod?: ExplainedPod;
  readonly node?: ExplainedNode;
}
