import type { Platform } from "../../images/model.ts";
import type { ClusterNode, Target } from "../../model.ts";

/** A node's platform as its kubelet told it, which tells no variant; `undefined` before it did. */
export function nodePlatform({ os, arch, labels }: ClusterNode): Platform | undefined {
  const architecture = labels["kubernetes.io/arch"] ?? arch;
  return architecture === "" ? undefined : { os: os === "" ? "linux" : os, architecture };
}

/** Of all nodes; one that is not known may be any of the usual ones. */
export function platformsOf(targets: readonly Target[]): readonly Platform[] {
  const known = targets.flatMap(({ node }) => (node && nodePlatform(node)) ?? []);
  return known.length === targets.length ? known : [...USUAL_PLATFORMS, ...known];
}

const USUAL_PLATFORMS: readonly Platform[] = ["amd64", "arm64"].map((architecture) => ({
  os: "linux",
  architecture,
}));
