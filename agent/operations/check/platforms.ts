import { platformList, runsOn } from "../../images/platform.ts";
import type { CheckItem, NodeConfig, Target } from "../../model.ts";
import type { Reach } from "../../registry/https-request.ts";
import { formatReference, type ImageReference } from "../../registry/reference.ts";
import { imagePlatforms } from "../image-platforms.ts";
import { entriesOf } from "../kubelet-lookup.ts";
import { nodePlatform } from "../preload/node-platform.ts";
import { failedItem } from "./items.ts";

export interface PlatformCheck {
  readonly image: ImageReference;
  readonly targets: readonly Target[];
  /** What push would send; absent where the source is unusable. */
  readonly config?: NodeConfig;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/**
 * Names nodes whose machines an image is not for; nothing where there are none, or where it can't be read, which the
 * credentials' lines tell.
 */
export async function checkPlatforms(check: PlatformCheck): Promise<CheckItem[]> {
  const { image, targets, config } = check;
  const known = targets.flatMap(({ name, node }) => {
    const platform = node && nodePlatform(node);
    return platform === undefined ? [] : [{ name, platform }];
  });
  if (known.length === 0) return [];
  const entries = config === undefined ? [] : entriesOf(config);
  const platforms = await imagePlatforms(image, entries, check);
  if (platforms === undefined) return [];
  const subject = { group: "registry", name: formatReference(image) } as const;
  const unserved = known.filter(({ platform }) => !platforms.some((one) => runsOn(one, platform)));
  if (unserved.length === 0) return [];
  const names = unserved.map(({ name }) => name);
  const shown = names.slice(0, 5).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return [
    failedItem(subject, {
      code: "PC713",
      detail: `${shown}${more}: it is for ${platformList(platforms)}`,
    }),
  ];
}
