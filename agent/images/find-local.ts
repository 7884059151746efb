import { PullcastError } from "../errors.ts";
import {
  formatReference,
  type ImageReference,
  parseReference,
  withTag,
} from "../registry/reference.ts";
import type { LocalImage } from "./source.ts";

/** A tag alone, as layouts name their images. */
const BARE_TAG = /^\w[\w.-]{0,127}$/;

/**
 * The image that a reference means among those of a folder or an archive: by its full name, its digest, its tag where
 * that is all its name, or as the only one where that has no name.
 */
export function findLocal(
  images: readonly LocalImage[],
  reference: ImageReference,
): LocalImage | undefined {
  const { digest, tag = "latest" } = reference;
  if (digest !== undefined) return images.find((one) => one.digest === digest);
  const full = formatReference({ ...reference, tag });
  const named = images.find(({ names }) => fullNames(names).includes(full));
  if (named !== undefined) return named;
  const byTag = images.filter(({ names }) => names.includes(tag));
  if (byTag.length === 1) return byTag[0];
  return images.length === 1 && images[0]?.names.length === 0 ? images[0] : undefined;
}

/** Their names that are references, in full: with a registry and a tag. */
export function fullNames(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    if (BARE_TAG.test(name)) return [];
    try {
      return [formatReference(withTag(parseReference(name)))];
    } catch (error) {
      if (!(error instanceof PullcastError)) throw error;
      return [];
    }
  });
}
