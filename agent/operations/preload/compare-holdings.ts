import type { HeldImage } from "../../node/read-stock.ts";

/** What a reference should mean on all nodes that hold its sets. */
export interface Expected {
  readonly digest: string;
  /** All that hold it somewhere. */
  readonly sets: readonly string[];
}

/** Whether an image is the same repository at a digest, beside its tag: people need it told once. */
export function isTwin({ ref, digest }: HeldImage, all: readonly HeldImage[]): boolean {
  const [repository = "", at] = ref.split("@");
  return (
    at !== undefined &&
    all.some((other) => other.digest === digest && repositoryOf(other.ref) === repository)
  );
}

function repositoryOf(ref: string): string | undefined {
  if (ref.includes("@")) return undefined;
  const colon = ref.lastIndexOf(":");
  return colon > ref.lastIndexOf("/") ? ref.slice(0, colon) : ref;
}

/**
 * What each reference means on most nodes; of as many for two, the one that was seen first.
 *
 * @param set - the only one that counts
 */
export function mostMean(
  nodes: readonly (readonly HeldImage[])[],
  set?: string,
): ReadonlyMap<string, Expected> {
  const counts = new Map<string, Map<string, number>>();
  const sets = new Map<string, Set<string>>();
  for (const image of nodes.flat()) {
    const digests = counts.get(image.ref) ?? new Map<string, number>();
    counts.set(image.ref, digests.set(image.digest, (digests.get(image.digest) ?? 0) + 1));
    const own = set === undefined ? image.sets : [set];
    sets.set(image.ref, new Set([...(sets.get(image.ref) ?? []), ...own]));
  }
  return new Map(
    [...counts].map(([ref, digests]) => {
      const [[digest] = [""]] = [...digests].sort(([, one], [, other]) => other - one);
      return [ref, { digest, sets: [...(sets.get(ref) ?? [])] }];
    }),
  );
}
