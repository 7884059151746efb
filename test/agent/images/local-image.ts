import { createHash } from "node:crypto";
import { type TarEntry, tar } from "../../bed/tar.ts";

export function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

const pathOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;

/** An image of plain layers, the lowest first, with a configuration for a platform. */
export function madeImage(
  content: string | readonly (readonly TarEntry[])[],
  architecture = process.arch === "x64" ? "amd64" : process.arch,
) {
  const files = typeof content === "string" ? [[{ path: "mark", data: content }]] : content;
  const layers = files.map((entries) => tar(entries));
  const config = JSON.stringify({
    ...{ architecture, os: "linux" },
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
  });
  const described = (blob: string | Buffer, mediaType: string) => ({
    ...{ mediaType, digest: digestOf(blob), size: Buffer.byteLength(blob) },
  });
  const manifest = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json" },
    config: described(config, "application/vnd.oci.image.config.v1+json"),
    layers: layers.map((layer) => described(layer, "application/vnd.oci.image.layer.v1.tar")),
  });
  const [layer = Buffer.alloc(0)] = layers;
  return { layer, layers, config, manifest, digest: digestOf(manifest), architecture };
}

export type MadeImage = ReturnType<typeof madeImage>;

/** An index of images; of those that are `absent` it has no blobs. */
export function madeIndex(images: readonly MadeImage[]) {
  const index = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" },
    manifests: images.map(({ manifest, digest, architecture }) => ({
      ...{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest },
      size: manifest.length,
      platform: { os: "linux", architecture },
    })),
  });
  return { index, digest: digestOf(index) };
}

interface Named {
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The members of an OCI layout. */
export function layoutMembers(named: readonly Named[], blobs: readonly (string | Buffer)[]) {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifests = named.map((one) => ({ mediaType, ...one }));
  return [
    { path: "oci-layout", data: '{"imageLayoutVersion":"1.0.0"}' },
    ...blobs.map((data) => ({ path: pathOf(digestOf(data)), data })),
    { path: "index.json", data: JSON.stringify({ schemaVersion: 2, manifests }) },
  ];
}

export const blobsOf = ({ layers, config, manifest }: MadeImage) => [...layers, config, manifest];
