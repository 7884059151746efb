import type { Secret } from "../secret.ts";
import { withoutLogin } from "../util/without-login.ts";
import type { KubeletFile, KubeletFileFormat } from "./model.ts";
import { readKubeletFile } from "./read-file.ts";

/** A place where the kubelet looks for a credential file, in its order. */
export interface SearchPlace {
  readonly path: string;
  readonly format: KubeletFileFormat;
  /** Absent where there is no file, or none that could be read. */
  readonly content?: Secret<Uint8Array>;
  /** Why there is no content though something stands there. */
  readonly obstacle?: { readonly type: "unreadable" | "blocks" | "unjudged"; readonly why: string };
}

/**
 * What the kubelet makes of one place.
 * - `used`: the first valid file, the only one that counts
 * - `hidden`: valid, and never read, because one before it counts
 * - `void`: not valid as a whole, skipped in silence
 * - `absent`: nothing there
 * - `unreadable`: something the kubelet can't read, skipped in silence
 * - `blocks`: a FIFO, at which the kubelet waits for ever
 * - `unjudged`: the kubelet reads it, pullcast does not: too large
 */
export type PlaceStatus =
  | "used"
  | "hidden"
  | "void"
  | "absent"
  | "unreadable"
  | "blocks"
  | "unjudged";

/** A place judged. */
export interface JudgedPlace {
  readonly path: string;
  readonly format: KubeletFileFormat;
  readonly status: PlaceStatus;
  readonly why?: string;
  /** Set for `used` and `hidden`. */
  readonly file?: Extract<KubeletFile, { valid: true }>;
}

/**
 * Finds the file that counts: the first valid one; files are never merged. The legacy format comes after all
 * places of `config.json`.
 *
 * Source: kubernetes pkg/credentialprovider/config.go (ReadDockerConfigFile), 1.30 to 1.35.
 *
 * @param version - the kubelet's; newest if absent
 */
export function judgePlaces(places: readonly SearchPlace[], version?: string): JudgedPlace[] {
  let usedBy: string | undefined;
  return places.map((place) => {
    const judged = judgePlace(place, version);
    if (judged.file === undefined) return judged;
    if (usedBy !== undefined) {
      return place.path === usedBy
        ? { ...judged, status: "used" }
        : { ...judged, status: "hidden", why: `hidden by ${usedBy}` };
    }
    usedBy = place.path;
    return { ...judged, status: "used" };
  });
}

function judgePlace(
  { path, format, content, obstacle }: SearchPlace,
  version?: string,
): JudgedPlace {
  const place = { path, format };
  if (obstacle !== undefined) return { ...place, status: obstacle.type, why: obstacle.why };
  if (content === undefined) return { ...place, status: "absent" };
  const file = readKubeletFile(content.reveal(), {
    format,
    ...(version === undefined ? {} : { version }),
  });
  if (file.valid) return { ...place, status: "used", file };
  const key = file.key === undefined ? "" : `entry ${JSON.stringify(withoutLogin(file.key))}: `;
  return { ...place, status: "void", why: `${key}${file.why}` };
}
