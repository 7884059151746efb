import { type Address, type AddressFault, parseAddress } from "./address.ts";
import { matchesGlob } from "./glob.ts";
import { splitHost } from "./host-port.ts";
import type { KubeletEntry, KubeletLookup } from "./model.ts";
import { matchKeyOf } from "./normalize-key.ts";
import { type KubeletRules, rulesOf } from "./rules.ts";
import { toByteText } from "./utf8.ts";

/** Docker Hub, to the kubelet: what serves its images if nothing else does. */
export const DEFAULT_REGISTRY = "index.docker.io";
const MAX_NAME_BYTES = 255;

/**
 * The entries that the kubelet would try for an image, in its order: every key that matches, longest
 * first (in reverse order of the keys' bytes); else, for what it takes as Docker Hub's, the entry of
 * `index.docker.io`. Entries whose keys reduce to one stay in the file's order here; the kubelet's is random.
 *
 * Source: kubernetes pkg/credentialprovider/keyring.go (Lookup, URLsMatch), 1.30 to 1.35.
 *
 * @param repository - registry and path in full (`docker.io/library/app`), without tag and digest;
 * `undefined` for a reference that can't be parsed: the kubelet has no credentials for it
 * @param version - the kubelet's; newest if absent
 */
export function lookUp(
  entries: readonly KubeletEntry[],
  repository: string | undefined,
  version?: string,
): KubeletLookup {
  const rules = rulesOf(version);
  if (
    repository === undefined ||
    (rules.limited === "name" && repository.length > MAX_NAME_BYTES)
  ) {
    const why = "the image reference can't be parsed";
    return { candidates: [], passedOver: entries.map(({ key }) => ({ key, why })) };
  }
  const target = parseAddress(repository, rules);
  const judged = entries.map((entry) => judge(entry, target, rules));
  const matching = judged.filter(({ why }) => why === undefined);
  const serving =
    matching.length === 0 && isDefaultRegistry(repository)
      ? judged.filter(({ bytes }) => bytes === DEFAULT_REGISTRY)
      : matching.sort((a, b) => (a.bytes < b.bytes ? 1 : a.bytes > b.bytes ? -1 : 0));
  const chosen = new Set(serving);
  return {
    repository,
    candidates: serving.map(({ entry }) => entry),
    passedOver: judged
      .filter((one) => !chosen.has(one))
      .map(({ entry: { key }, why = "another entry serves it" }) => ({ key, why })),
  };
}

/**
 * Whether a pattern of a credential provider (`matchImages`) serves an image: the rule of keys, without theirs
 * about schemes, `/v1/` and Docker Hub.
 *
 * Source: kubernetes pkg/credentialprovider/plugin/plugin.go (isImageAllowed), 1.35.
 *
 * @param repository - registry and path in full, as for `lookUp`
 */
export function servesImage(pattern: string, repository: string, version?: string): boolean {
  const rules = rulesOf(version);
  const key = parseAddress(toByteText(pattern), rules);
  const image = parseAddress(repository, rules);
  return !("why" in key) && !("why" in image) && mismatch(key, image) === undefined;
}

interface Judged {
  readonly entry: KubeletEntry;
  /** The key as it is sorted by; empty for one that is no address. */
  readonly bytes: string;
  /** Why it doesn't serve the image; absent if it does. */
  readonly why?: string;
}

function judge(entry: KubeletEntry, target: Address | AddressFault, rules: KubeletRules): Judged {
  const match = matchKeyOf(entry.key, rules);
  if ("why" in match) return { entry, bytes: "", why: match.why };
  const { bytes, address } = match;
  const why = "why" in target ? "the image's registry is no address" : mismatch(address, target);
  return why === undefined ? { entry, bytes } : { entry, bytes, why };
}

/** Why a key doesn't serve an image; `undefined` if it does. */
export function mismatch(key: Address, image: Address): string | undefined {
  const wanted = splitHost(key.host);
  const given = splitHost(image.host);
  if (wanted.port !== given.port) return "another port";
  if (wanted.labels.length !== given.labels.length) {
    return isNear(key.host, image.host) ? "another number of dots in the host" : "another host";
  }
  if (!wanted.labels.every((label, index) => matchesGlob(label, given.labels[index] ?? ""))) {
    return "another host";
  }
  return image.path.startsWith(key.path) ? undefined : "another path";
}

/** Whether somebody may have thought that the one serves the other: a pattern, a domain above or below. */
function isNear(key: string, image: string): boolean {
  return /[*?[]/.test(key) || image.endsWith(`.${key}`) || key.endsWith(`.${image}`);
}

/** The kubelet's own guess: a first part without dot and colon is no registry, `localhost` included. */
function isDefaultRegistry(repository: string): boolean {
  const [first = ""] = repository.split("/");
  return first === "docker.io" || first === DEFAULT_REGISTRY || !/[.:]/.test(first);
}
