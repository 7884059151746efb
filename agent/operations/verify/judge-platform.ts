import type { Platform } from "../../images/model.ts";
import { platformList, platformText, runsOn } from "../../images/platform.ts";
import type { Target } from "../../model.ts";
import { nodePlatform } from "../preload/node-platform.ts";
import { coded, type Verdict } from "./judge.ts";

/** The verdict on a node whose machine an image is not for: no pod can tell more. */
export function judgePlatform(
  { node }: Target,
  platforms: readonly Platform[] | undefined,
): Verdict | undefined {
  const machine = node && nodePlatform(node);
  if (machine === undefined || platforms === undefined) return undefined;
  if (platforms.some((one) => runsOn(one, machine))) return undefined;
  return coded(
    "no-platform",
    "PC702",
    `the node is ${platformText(machine)}, the image for ${platformList(platforms)}`,
  );
}
