import type { RawBlob } from "./model.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar-parts.ts";

/**
 * An OCI layout with what names an image and nothing of its layers, as a tar: containerd's import asks for layers only
 * where it unpacks them, and finds those that are there already (containerd 1.6 to 2.x: images/archive). The
 * image's own index stays the image, so that its digest is the same as at its registry.
 *
 * @param name - the reference that it gets
 * @param blobs - the first is the image itself
 */
export function layoutTar(name: string, blobs: readonly [RawBlob, ...RawBlob[]]): Buffer {
  const [{ mediaType, digest, sizeBytes: size }] = blobs;
  const annotations = { "io.containerd.image.name": name };
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, annotations }] };
  const unique = new Map(blobs.map((blob) => [blob.digest, blob.bytes]));
  return Buffer.concat([
    entry("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    entry("index.json", Buffer.from(JSON.stringify(index))),
    ...[...unique].map(([id, bytes]) => entry(`blobs/${id.replace(":", "/")}`, bytes)),
    TAR_END,
  ]);
}

function entry(path: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([tarHeader(path, bytes.length), bytes, tarPadding(bytes.length)]);
}
