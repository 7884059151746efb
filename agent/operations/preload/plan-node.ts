import { createHash } from "node:crypto";
import type { FrozenImage } from "../../images/frozen-image.ts";
import type { Descriptor, Platform, PlatformImage } from "../../images/model.ts";
import { platformOfMachine, platformText } from "../../images/platform.ts";
import type { NodeStock, StockedImage } from "../../node/read-stock.ts";

/** One layer to be sent, and how much of it is there. */
export interface MissingLayer extends Descriptor {
  readonly from: number;
}

/** What one image needs on one node. */
export type NodePlan =
  | { readonly type: "present"; readonly platform: string; readonly pinned: boolean }
  | {
      readonly type: "load";
      readonly image: PlatformImage;
      readonly platform: string;
      readonly engine: NodeStock["engine"];
      readonly missing: readonly MissingLayer[];
      readonly missingBytes: number;
      /** Whether a pull by the node's runtime would fetch what is missing, and no more. */
      readonly suitsPull: boolean;
    }
  /** It is not for such a machine. */
  | { readonly type: "no-platform"; readonly platform: string }
  | { readonly type: "too-large"; readonly words: string }
  /** Its runtime keeps no labels of images. */
  | { readonly type: "no-sets"; readonly platform: string };

/** An unpacked layer is so many times as large as it was compressed, itself besides: a guess that is rather high. */
export const UNPACKED_TIMES = 4;

/** The lines that ask a node for its stock of these images, for all platforms: nobody knows the machine before. */
export async function stockQuestion(
  images: readonly FrozenImage[],
  platforms: readonly Platform[],
): Promise<readonly string[]> {
  const lines = new Set<string>();
  for (const image of images) {
    lines.add(`ref ${image.name}`);
    lines.add(`ref ${image.byDigest}`);
    for (const platform of platforms) {
      const made = await image.forMachine(platform);
      for (const { digest } of made?.layers ?? []) lines.add(`blob ${digest}`);
      for (const id of made?.chainIds ?? []) lines.add(`chain ${id}`);
      if (made !== undefined)
        lines.add(`id ${made.config.digest} ${recordFile(made.config.digest)}`);
    }
  }
  return [...lines];
}

/** Where the kubelet keeps what it remembers of an image (kubelet: pullmanager, cacheFilename, 1.35). */
function recordFile(imageId: string): string {
  return `sha256-${createHash("sha256").update(imageId).digest("hex")}`;
}

/** The kubelet's own default of `imageGCHighThresholdPercent`. */
const GC_PERCENT = 85;

interface PlanOptions {
  readonly pin: boolean;
  /** The set that is to hold it. */
  readonly set?: string;
  /** Percent; absent: where the node's kubelet begins to remove images. */
  readonly diskLimit?: number;
}

/** What is to be done for one image, by what the node has. */
export async function planNode(
  image: FrozenImage,
  stock: NodeStock,
  { pin, set, diskLimit = stock.settings.gcPercent ?? GC_PERCENT }: PlanOptions,
): Promise<NodePlan> {
  const machine = platformOfMachine(stock.machine);
  const made = machine && (await image.forMachine(machine));
  if (machine === undefined || made === undefined)
    return { type: "no-platform", platform: machine ? platformText(machine) : stock.machine };
  const platform = platformText(machine);
  if (stock.engine !== "containerd" && set !== undefined) return { type: "no-sets", platform };
  const refs = namesOn(stock, image).map((name) => stock.refs.get(name));
  const meant = stock.engine === "containerd" ? image.top.digest : made.config.digest;
  const isHeld = (ref: StockedImage) =>
    (!pin || ref.pinned || stock.engine !== "containerd") &&
    (set === undefined || ref.sets.includes(set));
  const isNamed = refs.every((ref) => ref?.digest === meant && isHeld(ref));
  const top = made.chainIds.at(-1);
  const isUnpacked = top === undefined || stock.chains.has(top);
  const pinned = refs.every((ref) => ref?.pinned === true);
  if (isNamed && isUnpacked) return { type: "present", platform, pinned };
  const missing = missingLayers(made, stock);
  const missingBytes = missing.reduce((sum, one) => sum + one.sizeBytes - one.from, 0);
  const { totalBytes, freeBytes } = stock;
  const after = totalBytes - freeBytes + missingBytes * UNPACKED_TIMES;
  if (missingBytes > 0 && totalBytes > 0 && after > (totalBytes * diskLimit) / 100) {
    const percent = Math.min(100, Math.ceil((after / totalBytes) * 100));
    const words = `its disk would be ${percent} % full, and the limit is ${diskLimit} %`;
    return { type: "too-large", words };
  }
  const suitsPull = wouldPull(made, { stock, missing });
  return {
    type: "load",
    engine: stock.engine,
    image: made,
    platform,
    missing,
    missingBytes,
    suitsPull,
  };
}

/** containerd pulls whole layers, also those that it has unpacked and keeps no more (containerd: fetchHandler, 1.6 to 2.1). */
function wouldPull(
  { layers }: PlatformImage,
  { stock, missing }: { readonly stock: NodeStock; readonly missing: readonly MissingLayer[] },
): boolean {
  const lacking = new Set(
    layers.map(({ digest }) => digest).filter((one) => !stock.blobs.has(one)),
  );
  return lacking.size === missing.length && missing.every(({ from }) => from === 0);
}

/** Docker and podman know an image that was loaded by its tag alone. */
function namesOn({ engine }: NodeStock, { name, byDigest }: FrozenImage): readonly string[] {
  return engine === "containerd" ? [name, byDigest] : [name];
}

/** A layer that is unpacked, or has an unpacked one above it, is not asked for (containerd: rootfs/apply.go). */
function missingLayers({ layers, chainIds }: PlatformImage, stock: NodeStock): MissingLayer[] {
  // podman takes an archive that is whole, and no other (containers/podman#8132).
  const unpacked =
    stock.engine === "podman" ? -1 : chainIds.findLastIndex((id) => stock.chains.has(id));
  const seen = new Set<string>();
  return layers.slice(unpacked + 1).flatMap((layer) => {
    if (stock.blobs.has(layer.digest) || seen.has(layer.digest)) return [];
    seen.add(layer.digest);
    return [{ ...layer, from: stock.parts.get(layer.digest) ?? 0 }];
  });
}
