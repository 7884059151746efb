import type { FrozenImage } from "../../images/frozen-image.ts";
import { platformOfMachine } from "../../images/platform.ts";
import type { NodeStock } from "../../node/read-stock.ts";
import { UNPACKED_TIMES } from "./plan-node.ts";

/**
 * What a node has once an image was brought to it, without another look; rather less room than there is.
 *
 * @param sentBytes - of layers, as they are compressed
 */
export async function withLoaded(
  stock: NodeStock,
  image: FrozenImage,
  sentBytes: number,
): Promise<NodeStock> {
  const machine = platformOfMachine(stock.machine);
  const made = machine && (await image.forMachine(machine));
  if (made === undefined) return stock;
  const digests = made.layers.map(({ digest }) => digest);
  return {
    ...stock,
    blobs: new Set([...stock.blobs, ...digests]),
    chains: new Set([...stock.chains, ...made.chainIds]),
    parts: new Map([...stock.parts].filter(([digest]) => !digests.includes(digest))),
    freeBytes: Math.max(0, stock.freeBytes - sentBytes * UNPACKED_TIMES),
  };
}
