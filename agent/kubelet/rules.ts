/** What has changed between the kubelets' versions. */
export interface KubeletRules {
  /**
   * Older Go let brackets stand anywhere in a URL's host, so that `reg[0-9].io` was a glob; since
   * 1.25.2 (and 1.24.8) they may only hold an IPv6 address (net/url, parseHost).
   */
  readonly bracketsHold: "anything" | "ipv6";
  /** What may have 255 bytes of an image reference: registry and path, or the path (distribution/reference 0.5, 0.6). */
  readonly limited: "name" | "path";
}

/**
 * The rules of a kubelet, newest if none is named.
 *
 * @param version - as nodes report it (`v1.33.4+k3s1`), or a line alone (`1.30`: its newest patch)
 */
export function rulesOf(version?: string): KubeletRules {
  const [, line = Number.POSITIVE_INFINITY, patch = Number.POSITIVE_INFINITY] =
    /^v?1\.(\d+)(?:\.(\d+))?/.exec(version ?? "") ?? [];
  const minor = Number(line);
  return {
    bracketsHold: Number(patch) < firstStrictPatch(minor) || minor < 31 ? "anything" : "ipv6",
    limited: minor < 32 ? "name" : "path",
  };
}

/** The first patch of each line that was built with a strict Go (kubernetes, .go-version). */
function firstStrictPatch(minor: number): number {
  const patches: Readonly<Record<number, number>> = { 31: 14, 32: 10, 33: 6, 34: 2 };
  return patches[minor] ?? 0;
}
