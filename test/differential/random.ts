import { seeded } from "../rig/seeded.ts";

/** Choices that a seed repeats. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below: (limit: number) => number;
  /** True in this share of cases. */
  chance: (share: number) => boolean;
  one: <T>(of: readonly T[]) => T;
}

export function randomOf(seed: number): Random {
  const next = seeded(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    one: (of) => of[below(of.length)] as (typeof of)[number],
  };
}

/** Runs one of several makers, each as often as its weight says. */
export function weighted<T>(
  random: Random,
  makers: readonly (readonly [weight: number, make: () => T])[],
): T {
  const total = makers.reduce((sum, [weight]) => sum + weight, 0);
  let point = random.below(total);
  for (const [weight, make] of makers) {
    if (point < weight) return make();
    point -= weight;
  }
  throw new Error("no maker has a weight");
}

/** A text with another one put in. */
export function inserted(random: Random, text: string, bits: readonly string[]): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.one(bits) + text.slice(at);
}

/** A text with another one put in, taken out or put in a place. */
export function edited(random: Random, text: string, bits: readonly string[]): string {
  const at = random.below(text.length + 1);
  const cut = random.below(3);
  return (
    text.slice(0, at) + (cut === 2 ? "" : random.one(bits)) + text.slice(at + Math.min(cut, 1))
  );
}
