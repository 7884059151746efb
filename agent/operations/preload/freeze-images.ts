import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PullcastError } from "../../errors.ts";
import { unpackArchive } from "../../images/archive.ts";
import type { BlobCache } from "../../images/blob-cache.ts";
import { CachedRegistry } from "../../images/cached-registry.ts";
import { saveFromEngine } from "../../images/docker-engine.ts";
import { findLocal, fullNames } from "../../images/find-local.ts";
import { FrozenImage } from "../../images/frozen-image.ts";
import { openLayout } from "../../images/layout.ts";
import { type LocalImages, SourceFailure } from "../../images/source.ts";
import type { KubeletEntry } from "../../kubelet/model.ts";
import { readReach } from "../../registry/reach.ts";
import {
  formatReference,
  type ImageReference,
  parseReference,
  withTag,
} from "../../registry/reference.ts";
import { errorWords } from "../../registry/words.ts";
import { entriesOf } from "../kubelet-lookup.ts";
import { loadCredentials } from "../load-credentials.ts";
import { imageRegistry } from "./image-registry.ts";
import type { ImagesFrom, PreloadOptions } from "./model.ts";
import { sourceError } from "./source-error.ts";

type FreezeOptions = Pick<
  PreloadOptions,
  | "images"
  | "imagesFrom"
  | "source"
  | "credentials"
  | "meaning"
  | "registryCa"
  | "env"
  | "kubectl"
  | "signal"
>;

/**
 * What references mean now, in their order; each once. Without one: all that a folder or an archive names.
 *
 * @throws {PullcastError} PC701 (no reference), PC710 to PC712, PC717, PC718 (it can't be read), PC6xx (the source)
 */
export async function freezeImages(
  options: FreezeOptions,
  cache: BlobCache,
): Promise<FrozenImage[]> {
  const references = options.images.map(parseReference);
  const { imagesFrom } = options;
  const found =
    imagesFrom === undefined
      ? await fromRegistries(references, options, cache)
      : await fromHere(references, imagesFrom, cache);
  return [...new Map(found.map((image) => [image.name, image])).values()];
}

async function fromRegistries(
  references: readonly ImageReference[],
  options: FreezeOptions,
  cache: BlobCache,
): Promise<FrozenImage[]> {
  const { signal } = options;
  const reach = await readReach(options);
  const entries = await credentialEntries(options);
  return await Promise.all(
    references.map((reference) => {
      const registry = imageRegistry(reference, entries, { reach, signal });
      const name = formatReference(withTag(reference));
      const at = options.meaning?.get(name);
      return told(name, () =>
        FrozenImage.freeze(reference, new CachedRegistry(registry, cache), at),
      );
    }),
  );
}

async function fromHere(
  references: readonly ImageReference[],
  from: ImagesFrom,
  cache: BlobCache,
): Promise<FrozenImage[]> {
  const place = from.type === "docker" ? "the Docker engine" : from.path;
  const { images, source } = await told(place, () => localImages(references, from, cache));
  const wanted =
    references.length > 0
      ? references
      : images.flatMap(({ names }) => fullNames(names).map(parseReference));
  if (wanted.length === 0)
    throw new PullcastError("PC717", {
      detail: `${place} names no image: write what nodes call it`,
    });
  return await Promise.all(
    wanted.map((reference) => {
      const name = formatReference(reference);
      const image = findLocal(images, reference);
      if (image === undefined) {
        const names = images.flatMap((one) => one.names);
        const has = names.length === 0 ? "has no names" : `has ${names.slice(0, 10).join(", ")}`;
        throw new PullcastError("PC711", { detail: `${name}: ${place} ${has}` });
      }
      return told(name, () => FrozenImage.freeze(reference, source, image.digest));
    }),
  );
}

async function localImages(
  references: readonly ImageReference[],
  from: ImagesFrom,
  cache: BlobCache,
): Promise<LocalImages> {
  if (from.type === "docker") return await saveFromEngine(references.map(formatReference), cache);
  const { path } = from;
  const found = await stat(path).catch((cause: unknown) => {
    throw new SourceFailure(errorWords(cause), { type: "unreadable", cause });
  });
  return found.isDirectory()
    ? await openLayout(path)
    : await unpackArchive(createReadStream(path), cache);
}

/** A source's failure, as an error that ends the run and names what could not be read. */
async function told<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    const detail = `${what}: ${error.message}`;
    throw new PullcastError(sourceError(error).code, { detail, cause: error });
  }
}

/** Nobody's credentials are needed for public images: where none was named, none need be there. */
async function credentialEntries(options: FreezeOptions): Promise<readonly KubeletEntry[]> {
  try {
    return entriesOf(options.credentials ?? (await loadCredentials(options.source, options)));
  } catch (error) {
    const isNamed = (options.source.inputs ?? []).length > 0;
    if (isNamed || !(error instanceof PullcastError) || !error.code.startsWith("PC60")) throw error;
    return [];
  }
}
