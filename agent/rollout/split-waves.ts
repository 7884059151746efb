import { type Portion, portionOf } from "./portion.ts";

/**
 * Cuts a list into waves: each size tells how many items are done when its wave has ended, so that `1, 10%, 100%` of
 * 50 items are waves of 1, 4 and 45. Sizes that add nothing make no wave; what is left over is the last one.
 */
export function splitWaves<Item>(items: readonly Item[], sizes: readonly Portion[]): Item[][] {
  const waves: Item[][] = [];
  let from = 0;
  for (const size of [...sizes, { percent: 100 }]) {
    const to = Math.min(items.length, portionOf(size, items.length, "up"));
    if (to <= from) continue;
    waves.push(items.slice(from, to));
    from = to;
  }
  return waves;
}
