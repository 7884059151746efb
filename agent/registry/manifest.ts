/** Media types of manifests and indexes, as Accept header. */
export const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** What a manifest tells about size: bytes to pull, or where to look for them. */
export type ManifestSize =
  | { readonly bytes: number }
  | { readonly lookAt: string }
  | { readonly unknown: true };

interface Descriptor {
  readonly size?: unknown;
  readonly digest?: unknown;
  readonly platform?: { readonly os?: unknown; readonly architecture?: unknown };
}

/** Reads a manifest: the sum of configuration and layers; of an index, the digest for linux/amd64 or the first. */
export function readManifestSize(text: string): ManifestSize {
  try {
    const manifest = JSON.parse(text) as {
      config?: Descriptor;
      layers?: readonly Descriptor[];
      manifests?: readonly Descriptor[];
    };
    if (Array.isArray(manifest.manifests)) return lookAt(manifest.manifests);
    if (!Array.isArray(manifest.layers)) return { unknown: true };
    const sizes = [manifest.config?.size, ...manifest.layers.map(({ size }) => size)];
    const known = sizes.filter((size): size is number => Number.isSafeInteger(size));
    return { bytes: known.reduce((sum, size) => sum + size, 0) };
  } catch {
    return { unknown: true };
  }
}

function lookAt(manifests: readonly Descriptor[]): ManifestSize {
  const isAmd64 = ({ platform }: Descriptor) =>
    platform?.os === "linux" && platform.architecture === "amd64";
  const digest = (manifests.find(isAmd64) ?? manifests[0])?.digest;
  const valid = typeof digest === "string" && /^sha\d+:[a-f0-9]{64,128}$/.test(digest);
  return valid ? { lookAt: digest } : { unknown: true };
}
