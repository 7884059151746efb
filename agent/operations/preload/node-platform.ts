import type { Platform } from "../../images/model.ts";
import type { ClusterNode, Target } from "../../model.ts";

/** A node's platform as its labels tell it (well-known labels), which tell no variant; `undefined` without them. */
export function nodePlatform({ os, labels }: ClusterNode): Platform | undefined {
  const architecture = labels["kubernetes.io/arch"];
  return architecture === undefined ? undefined : { os: os === "" ? "linux" : os, architecture };
}

/** Of all nodes, by their labels; nodes without one may be any of the usual ones. */
export function platformsOf(targets: readonly Target[]): readonly Platform[] {
  const known = targets.flatMap(({ node }) => (node && nodePlatform(node)) ?? []);
  return known.length === targets.length ? known : [...USUAL_PLATFORMS, ...known];
}

const USUAL_PLATFORMS: readonly Platform[] = ["amd64", "arm64"].map((architecture) => ({
  os: "linux",
  architecture,
}));
