import type { Credential } from "../../credentials/model.ts";

/** Between two questions to a source whose answer ends at once. */
const SOONEST_MS = 1000;
/** So much of the wait is random, so that many watches don't ask one source at once. */
const JITTER = 0.1;

/**
 * How long until a source is asked anew: at a part of the life that is left to what ends first, a little less by
 * chance.
 *
 * @param credentials - as they were loaded at `now`
 * @param part - above 0 and below 1
 * @returns ms, or `undefined` where nothing is known to end
 */
export function refreshDelay(
  credentials: readonly Pick<Credential, "expiresAt" | "lifetime">[],
  {
    now,
    part,
    random = Math.random,
  }: {
    readonly now: number;
    readonly part: number;
    readonly random?: () => number;
  },
): number | undefined {
  const lives = credentials.flatMap((one) => lifeOf(one, now) ?? []);
  if (lives.length === 0) return undefined;
  return Math.max(SOONEST_MS, Math.min(...lives) * part * (1 - JITTER * random()));
}

/** When the first of them ends, ms since 1970; `undefined` where none is known to. */
export function firstEndMs(
  credentials: readonly Pick<Credential, "expiresAt" | "lifetime">[],
  loadedAt: number,
): number | undefined {
  const ends = credentials.flatMap((one) => lifeOf(one, loadedAt) ?? []);
  return ends.length === 0 ? undefined : loadedAt + Math.min(...ends);
}

/** Where the end itself is not told, how long such credentials live from their issue counts from now. */
function lifeOf(
  { expiresAt, lifetime }: Pick<Credential, "expiresAt" | "lifetime">,
  now: number,
): number | undefined {
  const end = Date.parse(expiresAt);
  if (!Number.isNaN(end)) return Math.max(0, end - now);
  const hours = /^(\d+)h$/.exec(lifetime ?? "")?.[1];
  return hours === undefined ? undefined : Number(hours) * 3_600_000;
}
