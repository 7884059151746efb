import { digestOf } from "../util/digest.ts";
import type { BlobCache } from "./blob-cache.ts";
import { imageType } from "./read-manifest.ts";
import type { RegistrySource } from "./registry-source.ts";
import type { ImageSource, ReadBlob } from "./source.ts";

/** One repository of a registry, of which each blob is read once and kept on this machine. */
export class CachedRegistry implements ImageSource {
  readonly #registry: RegistrySource;
  readonly #cache: BlobCache;

  constructor(registry: RegistrySource, cache: BlobCache) {
    this.#registry = registry;
    this.#cache = cache;
  }

  async manifest(name: string): Promise<ReadBlob> {
    const known = name.startsWith("sha256:") ? await this.#cache.get(name) : undefined;
    if (known !== undefined) return { bytes: known, mediaType: imageType(known) };
    const found = await this.#registry.manifest(name);
    const digest = digestOf(found.bytes);
    if (!name.startsWith("sha256:") || name === digest) await this.#cache.put(digest, found.bytes);
    return found;
  }

  /** What a registry's index names is there. */
  has(): Promise<boolean> {
    return Promise.resolve(true);
  }

  file(digest: string): Promise<string> {
    return this.#cache.path(digest, (from) => this.#registry.blob(digest, from));
  }
}
