import { listNodes } from "../cluster/list-nodes.ts";
import { PullcastError } from "../errors.ts";
import { BlobCache } from "../images/blob-cache.ts";
import type { FrozenImage } from "../images/frozen-image.ts";
import type { IndexEntry, Platform } from "../images/model.ts";
import { choosePlatform, platformText } from "../images/platform.ts";
import type { ClusterNode } from "../model.ts";
import { formatReference, parseReference } from "../registry/reference.ts";
import { freezeImages } from "./preload/freeze-images.ts";
import type {
  DescribeImageOptions,
  ImageDescription,
  NamedPlatform,
  PlatformDescription,
} from "./preload/model.ts";
import { nodePlatform } from "./preload/node-platform.ts";

/** No image is for it. */
const UNKNOWN: Platform = { os: "unknown", architecture: "unknown" };

/**
 * What images are, and which of the cluster's nodes each platform is for. Without a cluster it tells no nodes (PC715).
 *
 * @throws {PullcastError} PC701 (no reference), PC710 to PC712 (it can't be read), PC6xx (the source)
 */
export async function describeImage(options: DescribeImageOptions): Promise<ImageDescription[]> {
  const cache = new BlobCache(options.cacheDir);
  const [images, nodes] = await Promise.all([freezeImages(options, cache), nodesOf(options)]);
  return await Promise.all(
    images.map(async (image) => {
      const found = await describe(image, nodes);
      const unserved = (nodes ?? []).filter(({ name }) => found.unserved.includes(name));
      return { ...found, byName: await byName(image, unserved, { options, cache }) };
    }),
  );
}

/** Images NAME-ARCH:TAG for architectures that an image has not. */
async function byName(
  image: FrozenImage,
  unserved: readonly ClusterNode[],
  { options, cache }: { readonly options: DescribeImageOptions; readonly cache: BlobCache },
): Promise<NamedPlatform[]> {
  const { tag, ...reference } = parseReference(image.name);
  const architectures = new Set(unserved.flatMap((node) => nodePlatform(node)?.architecture ?? []));
  if (tag === undefined || options.imagesFrom !== undefined) return [];
  const found = await Promise.all(
    [...architectures].map(async (architecture) => {
      const path = `${reference.path}-${architecture}`;
      const name = formatReference({ ...reference, path, tag });
      try {
        const [other] = await freezeImages({ ...options, images: [name] }, cache);
        if (other === undefined) return [];
        const { platforms } = await describe(other, unserved);
        return platforms
          .filter(({ nodes }) => nodes !== undefined && nodes.length > 0)
          .map((platform) => ({ image: name, ...platform }));
      } catch (error) {
        if (error instanceof PullcastError) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}

async function nodesOf({
  kubectl,
  signal,
  report,
}: DescribeImageOptions): Promise<readonly ClusterNode[] | undefined> {
  try {
    return await listNodes(kubectl, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PullcastError)) throw error;
    report({ type: "notice", notice: { code: "PC715", message: `no nodes: ${error.message}` } });
    return undefined;
  }
}

async function describe(
  image: FrozenImage,
  nodes: readonly ClusterNode[] | undefined,
): Promise<Omit<ImageDescription, "byName">> {
  const chosen = (nodes ?? []).map((node) => ({
    name: node.name,
    entry: choosePlatform(image.entries, nodePlatform(node) ?? UNKNOWN),
  }));
  const platforms = await Promise.all(
    image.entries.flatMap((entry): Promise<PlatformDescription>[] => {
      const { platform } = entry;
      if (platform === undefined) return [];
      const names = chosen.filter((one) => one.entry === entry).map(({ name }) => name);
      return [
        describePlatform(image, { ...entry, platform }, nodes === undefined ? undefined : names),
      ];
    }),
  );
  return {
    kind: "Image",
    image: image.name,
    digest: image.top.digest,
    mediaType: image.top.mediaType,
    platforms,
    others: image.entries.length - platforms.length,
    unserved: chosen.filter(({ entry }) => entry === undefined).map(({ name }) => name),
  };
}

async function describePlatform(
  image: FrozenImage,
  { digest, platform }: IndexEntry & { readonly platform: Platform },
  nodes: readonly string[] | undefined,
): Promise<PlatformDescription> {
  const { layers } = await image.layersOf(digest);
  return {
    platform: platformText(platform),
    digest,
    sizeBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    layers: layers.length,
    ...(nodes === undefined ? {} : { nodes }),
  };
}
