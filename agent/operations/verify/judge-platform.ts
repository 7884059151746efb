import type { Platform } from "../../images/model.ts";
import { choosePlatform, platformText } from "../../images/platform.ts";
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
  const choices = platforms.map((platform) => ({ platform }));
  if (choosePlatform(choices, machine) !== undefined) return undefined;
  const list = [...new Set(platforms.map(platformText))].join(", ");
  return coded(
    "no-platform",
    "PC702",
    `the node is ${platformText(machine)}, the image for ${list}`,
  );
}
