import type { Platform } from "../images/model.ts";
import { readPlatforms } from "../images/read-platforms.ts";
import { SourceFailure } from "../images/source.ts";
import type { KubeletEntry } from "../kubelet/model.ts";
import type { Reach } from "../registry/https-request.ts";
import { type ImageReference, withTag } from "../registry/reference.ts";
import { imageRegistry } from "./preload/image-registry.ts";

/**
 * The platforms that an image is for, asked of its registry from this machine; `undefined` where that can't be told.
 *
 * @param entries - what a kubelet would try; none: as a stranger
 * @throws the signal's reason after an abort
 */
export async function imagePlatforms(
  image: ImageReference,
  entries: readonly KubeletEntry[],
  access: { readonly reach: Reach; readonly signal: AbortSignal },
): Promise<readonly Platform[] | undefined> {
  const { digest, tag = "latest" } = withTag(image);
  try {
    return await readPlatforms(imageRegistry(image, entries, access), digest ?? tag);
  } catch (error) {
    if (error instanceof SourceFailure) return undefined;
    throw error;
  }
}
