import { RegistrySource } from "../../images/registry-source.ts";
import type { KubeletEntry } from "../../kubelet/model.ts";
import type { Reach } from "../../registry/https-request.ts";
import { formatReference, type ImageReference } from "../../registry/reference.ts";
import { lookUpImage } from "../kubelet-lookup.ts";

/** The registry of an image, asked with the credentials that a kubelet would try, in its order. */
export function imageRegistry(
  reference: ImageReference,
  entries: readonly KubeletEntry[],
  access: { readonly reach: Reach; readonly signal: AbortSignal },
): RegistrySource {
  const { candidates } = lookUpImage(entries, formatReference(reference));
  return new RegistrySource({ reference, logins: candidates.map(({ auth }) => auth), ...access });
}
