import type { TaintMatch } from "../../cluster/node-taints.ts";
import type { RegistryAccess } from "../../registry/reach.ts";
import type { PushOptions, RunOptions, TrustOptions, VerifyOptions } from "../options.ts";
import type { PreloadOptions } from "../preload/model.ts";

/** How often a source is asked. */
export interface FreshOptions {
  /** How often the source is looked at for a change, ms. */
  readonly reloadMs: number;
  /** The part of a credential's life after which the source is asked anew, above 0 and below 1. */
  readonly refreshAt: number;
}

/** What every watch is told. */
export interface LastingOptions extends FreshOptions {
  /** Told that the watch is at work, at least once in 15 s. */
  readonly onTick?: () => void;
}

/** How the nodes of a cluster are kept served. */
export interface WatchOptions
  extends Omit<PushOptions, "dryRun" | "confirm" | "now">,
    LastingOptions {
  /** An image that each node must be able to pull; absent: nothing is proven. */
  readonly proof?: Omit<VerifyOptions, keyof RunOptions>;
  /** How often each node's file is looked at again, ms. */
  readonly resyncMs: number;
  /** A taint of new nodes that is taken off once a node's credential is proven; needs `proof`. */
  readonly gate?: Gate;
  /** Images that each node is to have once it is served. */
  readonly images?: ImagesToHold;
  /** Unknown host keys are fetched through the API server, as `trust` does. */
  readonly trustNew?: Omit<TrustOptions, keyof RunOptions>;
}

/** A set of images that a watch holds on nodes. */
export interface ImagesToHold
  extends Required<Pick<PreloadOptions, "images" | "set" | "cacheDir" | "layerMs">>,
    Pick<PreloadOptions, "bandwidth" | "diskLimit">,
    RegistryAccess {}

export interface Gate {
  readonly taint: TaintMatch;
  /** A node's taint goes after so long also without a proof, ms; absent: never. */
  readonly openAfterMs?: number;
}
