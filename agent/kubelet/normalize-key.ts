import { type Address, type AddressFault, parseAddress } from "./address.ts";
import { type KubeletRules, rulesOf } from "./rules.ts";
import { fromByteText, toByteText } from "./utf8.ts";

/** What the kubelet makes of an entry's key. */
export type NormalizedKey =
  | { readonly registry: string }
  /** No image can match it. */
  | AddressFault;

/** The same, in bytes, and read once more: the kubelet parses it again for each image. */
export interface MatchKey {
  /** Host and path, as strings of one unit per byte. */
  readonly bytes: string;
  readonly address: Address;
}

/**
 * Host, port and path of an entry's key: without scheme, login, query, fragment, and without a leading
 * `/v1/` or `/v2/`. Two keys that give the same are tried in random order.
 *
 * Source: kubernetes pkg/credentialprovider/keyring.go (BasicDockerKeyring.Add), 1.35.
 *
 * @param version - the kubelet's; newest if absent
 */
export function normalizeKey(key: string, version?: string): NormalizedKey {
  const found = matchKeyOf(key, rulesOf(version));
  return "why" in found ? found : { registry: fromByteText(found.bytes) };
}

/** The key as `lookUp` matches it. */
export function matchKeyOf(key: string, rules: KubeletRules): MatchKey | AddressFault {
  const first = parseAddress(withoutScheme(toByteText(key)), rules);
  if ("why" in first) return first;
  const path = first.path.replace(/^\/v[12]\//, "/");
  const bytes = path === "/" ? first.host : first.host + path;
  const address = parseAddress(bytes, rules);
  return "why" in address ? { why: `read a second time, ${address.why}` } : { bytes, address };
}

/** Only in lower case: `HTTPS://reg.example` is a host of the name `HTTPS:`. */
function withoutScheme(key: string): string {
  return key.replace(/^https?:\/\//, "");
}
