import { parseAddress } from "./address.ts";
import { DEFAULT_REGISTRY, mismatch } from "./look-up.ts";
import type { MatchKey } from "./normalize-key.ts";
import type { KubeletRules } from "./rules.ts";

/** Reads an image reference: registry and path in full, `undefined` for what is none. */
export type RepositoryOf = (image: string) => string | undefined;

/** What a star may stand for: `*` alone serves hosts of one part, which an image can only name in these ways. */
const FOR_STAR = ["anything", "Anything", "localhost", ""] as const;
/** What makes a repository of a key's path. */
const TAILS = ["", "anything", "/anything"] as const;

/**
 * An image that a key serves, in full (`reg.example/team/anything`), or `undefined` where there is none. It is
 * found by trying, so what comes back is true by the kubelet's own rules.
 */
export function servedImage(
  { bytes, address }: MatchKey,
  { rules, repositoryOf }: { readonly rules: KubeletRules; readonly repositoryOf: RepositoryOf },
): string | undefined {
  if (bytes === DEFAULT_REGISTRY) return repositoryOf("docker.io/library/anything");
  for (const host of new Set(FOR_STAR.map((star) => sampleOf(address.host, star)))) {
    for (const tail of address.path === "" ? ["/anything"] : TAILS) {
      const repository = repositoryOf(`${host}${address.path}${tail}`);
      if (repository === undefined) continue;
      const image = parseAddress(repository, rules);
      if (!("why" in image) && mismatch(address, image) === undefined) return repository;
    }
  }
  return undefined;
}

/** One host that a pattern matches: `*`, `?` and `[a-z]` replaced. */
function sampleOf(host: string, star: string): string {
  // An IPv6 address is no pattern.
  if (host.startsWith("[") && host.includes("]:")) return host.replace(/:$/, "");
  return (
    host
      .replaceAll(/\[\^?(.)[^\]]*\]/g, (whole, first: string) =>
        whole.includes("::") ? whole : first,
      )
      .replaceAll("?", "a")
      .replaceAll(/\*+/g, star)
      // A colon without a port is as none.
      .replace(/:$/, "")
  );
}
