import { Readable } from "node:stream";
import { errorWords } from "../registry/words.ts";
import { unpackArchive } from "./archive.ts";
import type { BlobCache } from "./blob-cache.ts";
import { type LocalImage, type LocalImages, SourceFailure } from "./source.ts";

/**
 * Takes images of a local Docker engine into the cache: the one of DOCKER_HOST, else that of its usual socket.
 * An engine without containerd's store keeps no registry's manifest and no compressed layer: digests are new then.
 *
 * @param names - references, in full
 * @throws {SourceFailure}
 */
export async function saveFromEngine(
  names: readonly string[],
  cache: BlobCache,
): Promise<LocalImages> {
  const docker = await connect();
  let saved: LocalImages | undefined;
  const images: LocalImage[] = [];
  for (const name of names) {
    const stream = await docker
      .getImage(name)
      .get()
      .catch((cause: unknown) => {
        const isMissing = (cause as { readonly statusCode?: number }).statusCode === 404;
        throw new SourceFailure(`the Docker engine: ${errorWords(cause)}`, {
          ...{ type: isMissing ? "not-found" : "unreachable", cause },
        });
      });
    saved = await unpackArchive(Readable.from(stream), cache);
    images.push(...saved.images);
  }
  if (saved === undefined) throw new SourceFailure("no image is named", { type: "not-found" });
  return { images, source: saved.source };
}

/** Most who preload have no engine: its client is loaded where it is asked for, and may be missing. */
async function connect() {
  try {
    const { default: Docker } = await import("dockerode");
    return new Docker();
  } catch (cause) {
    throw new SourceFailure("npm's package dockerode is missing", { type: "no-client", cause });
  }
}
