/** A part of a number of items: so many, or so many percent of them. */
export type Portion = { readonly count: number } | { readonly percent: number };

/** `3` or `10%`; `undefined` for other texts and for more than 100 percent. */
export function parsePortion(text: string): Portion | undefined {
  const [, digits = "", percent] = /^(\d{1,6})(%?)$/.exec(text.trim()) ?? [];
  if (digits === "") return undefined;
  const value = Number(digits);
  if (percent === "") return { count: value };
  return value <= 100 ? { percent: value } : undefined;
}

/** As it was written. */
export function formatPortion(portion: Portion): string {
  return "count" in portion ? String(portion.count) : `${portion.percent}%`;
}

/**
 * How many items a portion allows.
 *
 * @param round - `up` for how many are taken, so that 1 % of 3 is one; `down` for what may fail
 */
export function portionOf(portion: Portion, total: number, round: "up" | "down"): number {
  if ("count" in portion) return portion.count;
  const exact = (portion.percent * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}
