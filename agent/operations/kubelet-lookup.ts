import { PullcastError } from "../errors.ts";
import { lookUp } from "../kubelet/look-up.ts";
import type { KubeletEntry, KubeletLookup, KubeletReadOptions } from "../kubelet/model.ts";
import { readKubeletFile } from "../kubelet/read-file.ts";
import type { NodeConfig } from "../model.ts";
import { parseReference, repositoryOf } from "../registry/reference.ts";

/** What a kubelet makes of a file for one image. */
export interface KubeletLookupResult {
  /** Whether the kubelet would use the file at all. */
  readonly valid: boolean;
  /** What it would try, in its order; among keys that reduce to one its order is random. Plain text. */
  readonly creds: readonly { readonly username: string; readonly password: string }[];
}

/**
 * The credentials that a kubelet finds for an image in a file: as the real one, to the byte. Bytes that
 * are no UTF-8 show as U+FFFD.
 *
 * @param configText - a `config.json` (or `.dockercfg`, by `options.format`)
 * @param image - a reference as in a pod: `app`, `reg.example:5000/team/app:1`
 */
export function kubeletLookup(
  configText: Uint8Array | string,
  image: string,
  options: KubeletReadOptions = {},
): KubeletLookupResult {
  const file = readKubeletFile(configText, options);
  if (!file.valid) return { valid: false, creds: [] };
  const { candidates } = lookUpImage(file.entries, image, options.version);
  return {
    valid: true,
    creds: candidates.map(({ username, password }) => ({ username, password: password.reveal() })),
  };
}

/** `lookUp` for a reference as in a pod. */
export function lookUpImage(
  entries: readonly KubeletEntry[],
  image: string,
  version?: string,
): KubeletLookup {
  return lookUp(entries, parseRepository(image), version);
}

/** Registry and path of a reference as in a pod, in full; `undefined` for what the kubelet can't parse either. */
export function parseRepository(image: string): string | undefined {
  try {
    return repositoryOf(parseReference(image));
  } catch (error) {
    if (error instanceof PullcastError) return undefined;
    throw error;
  }
}

/** The entries that a kubelet would use of what a push would send; none where it would use none of the file. */
export function entriesOf(config: NodeConfig): readonly KubeletEntry[] {
  const file = readKubeletFile(config.bytes.reveal());
  return file.valid ? file.entries : [];
}
