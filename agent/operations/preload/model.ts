import type { KubectlSettings } from "../../cluster/kubectl.ts";
import type { CredentialSource, LoadedConfig } from "../../credentials/model.ts";
import type { Code } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { Notice, PreloadItem, RunReport, WaveReport } from "../../model.ts";
import type { RegistryAccess } from "../../registry/reach.ts";
import type { NodeRunOptions, WaveOptions } from "../options.ts";

/**
 * How layers get to a node:
 * - `tunnel`: containerd pulls from a registry that is the other end of the SSH connection; `ingest` where the node does
 *   not let us forward a port
 * - `ingest`: over SSH into containerd's content store, a part of a layer too
 * - `auto`: `tunnel`, which is the faster one; `ingest` where a pull would fetch more than is missing, or after a link
 *   was lost, since a pull begins a layer anew
 * - `pull`: a pod has the kubelet pull it with the node's own credentials; what that doesn't bring, `auto` does
 */
export type PreloadWay = "auto" | "ingest" | "tunnel" | "pull";

/** Images of this machine in place of registries': an OCI layout or an archive by its path, or a Docker engine. */
export type ImagesFrom =
  | { readonly type: "path"; readonly path: string }
  | { readonly type: "docker" };

export interface PreloadOptions extends NodeRunOptions, RegistryAccess {
  /** References, as in a pod; each is asked once what it means, for all nodes. */
  readonly images: readonly string[];
  readonly imagesFrom?: ImagesFrom;
  /** For the registries; never sent to a node. */
  readonly source: CredentialSource;
  /** What the source gave: it is not asked again. */
  readonly credentials?: LoadedConfig;
  /** What references mean, by their full text: their registries are not asked. */
  readonly meaning?: ReadonlyMap<string, string>;
  /** Tell what each node lacks, and send nothing. */
  readonly dryRun: boolean;
  /** Keep the kubelet from removing them when its disk is full. */
  readonly pin: boolean;
  readonly way: PreloadWay;
  /** The set that holds them: what it held before and holds no more is unpinned. */
  readonly set?: string;
  /**
   * The share of a node's disk that may be full with them, percent. Absent: where that node's kubelet begins to remove
   * images.
   */
  readonly diskLimit?: number;
  /** Bytes of layers a second, to all nodes together and to each. @default no limit */
  readonly bandwidth?: { readonly total?: number; readonly perNode?: number };
  /** One wave after another; a proof is of each wave before the next begins. */
  readonly waves?: Pick<WaveOptions, "sizes" | "by" | "maxFailures">;
  /** Start a pod that may not pull on each node; absent: none is started. */
  readonly proof?: { readonly namespace?: string; readonly timeoutMs: number };
  /** Where blobs are kept between runs, an OCI layout. */
  readonly cacheDir: string;
  /** The longest one layer may take to a node, ms. */
  readonly layerMs: number;
}

export interface PreloadReport {
  readonly kind: "PreloadReport";
  readonly run: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly context?: string;
  readonly dryRun?: boolean;
  readonly interrupted: boolean;
  /** Bytes of blobs that came from registries in this run: each once, however many nodes. */
  readonly fetchedBytes: number;
  /** References that the set let go: they are pinned no more where pullcast had pinned them. */
  readonly left?: readonly { readonly node: string; readonly image: string }[];
  readonly waves?: readonly WaveReport[];
  /** Why nodes were left; absent where none was. */
  readonly stopped?: Notice;
  readonly items: readonly PreloadItem[];
}

export interface HoldingsOptions extends NodeRunOptions {
  /** Only what this set holds. */
  readonly set?: string;
}

/** What pullcast holds on a node. */
export interface HoldingItem {
  readonly node: string;
  readonly uid?: string;
  /** In full; absent where the node could not be asked, or nothing is held there. */
  readonly image?: string;
  /** What it means there, `sha256:…`. */
  readonly digest?: string;
  readonly sets?: readonly string[];
  readonly pinned?: boolean;
  /**
   * - `held`: it is there, as on most nodes
   * - `differs`: its set holds it, and on most nodes it means another digest
   * - `missing`: its set holds it on other nodes, and not on this one
   * - `left`: its set let it go; it is unpinned, unless another set or others hold it
   * - `none`: nothing is held there
   */
  readonly result:
    | "held"
    | "differs"
    | "missing"
    | "left"
    | "none"
    | "failed"
    | "unknown"
    | "skipped"
    | "not-attempted";
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  readonly durationMs: number;
}

export type HoldingsReport = RunReport<HoldingItem, "HoldingsReport">;

export interface DescribeImageOptions extends RegistryAccess {
  readonly images: readonly string[];
  readonly imagesFrom?: ImagesFrom;
  readonly source: CredentialSource;
  readonly kubectl: KubectlSettings;
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** What an image is for one platform. */
export interface PlatformDescription {
  /** `linux/arm/v7`. */
  readonly platform: string;
  /** Of its manifest. */
  readonly digest: string;
  /** Of its layers, as they are compressed. */
  readonly sizeBytes: number;
  readonly layers: number;
  /** Nodes of the cluster that would run it; absent without a cluster. */
  readonly nodes?: readonly string[];
}

/** What an image is. */
export interface ImageDescription {
  readonly kind: "Image";
  readonly image: string;
  /** `sha256:…` of its index or manifest. */
  readonly digest: string;
  readonly mediaType: string;
  readonly platforms: readonly PlatformDescription[];
  /** Parts of its index that are no image: attestations. */
  readonly others: number;
  /** Images NAME-ARCH of the same tag, as was the custom before indexes, for nodes that it has no platform for. */
  readonly byName: readonly NamedPlatform[];
  /** Nodes that it has no platform for, those that an image of `byName` serves among them. */
  readonly unserved: readonly string[];
}

/** An image of one platform that stands beside another. */
export interface NamedPlatform extends PlatformDescription {
  readonly image: string;
}
