import { Readable } from "node:stream";
import type { Descriptor, RawBlob } from "./model.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar-parts.ts";

interface ArchivedImage {
  /** The reference that it gets. */
  readonly name: string;
  readonly config: RawBlob;
  /** All of its layers, the lowest first. */
  readonly layers: readonly Descriptor[];
  /** Those that are in the archive: an engine passes over what it has unpacked (moby: load.go). */
  readonly sent: readonly Descriptor[];
  readonly read: (digest: string) => Promise<Readable>;
}

/**
 * An image as `docker load` and `podman load` read it (docker: image/spec v1.2), with its layers as they are
 * compressed.
 */
export function dockerArchive({ name, config, layers, sent, read }: ArchivedImage): {
  readonly sizeBytes: number;
  readonly stream: () => Readable;
} {
  const pathOf = (digest: string) => `${digest.slice("sha256:".length)}.tar`;
  const configPath = `${config.digest.slice("sha256:".length)}.json`;
  const manifest = Buffer.from(
    JSON.stringify([
      { Config: configPath, RepoTags: [name], Layers: layers.map(({ digest }) => pathOf(digest)) },
    ]),
  );
  const small: readonly (readonly [path: string, bytes: Uint8Array])[] = [
    ["manifest.json", manifest],
    [configPath, config.bytes],
  ];
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (const [path, bytes] of small) {
      yield tarHeader(path, bytes.length);
      yield bytes;
      yield tarPadding(bytes.length);
    }
    for (const { digest, sizeBytes } of sent) {
      yield tarHeader(pathOf(digest), sizeBytes);
      yield* await read(digest);
      yield tarPadding(sizeBytes);
    }
    yield TAR_END;
  }
  const sizes = [...small.map(([, { length }]) => length), ...sent.map((one) => one.sizeBytes)];
  const whole = (size: number) => tarHeader("", size).length + size + tarPadding(size).length;
  return {
    sizeBytes: sizes.reduce((sum, size) => sum + whole(size), TAR_END.length),
    stream: () => Readable.from(parts(), { objectMode: false }),
  };
}
