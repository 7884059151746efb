/** How long a kubelet uses what it has read, in ms; an empty result as well (pkg/credentialprovider/provider.go). */
export const KUBELET_CACHE_MS: number = 5 * 60_000;

const CACHE_SECONDS = KUBELET_CACHE_MS / 1000;

/** What is known of a kubelet's last reading; seconds since 1970 by the node's clock. */
export interface ReadingClues {
  readonly now: number;
  /** When something last changed in what the kubelet would find. */
  readonly changedAt: number;
  /** When the kubelet's process began; absent where none runs. */
  readonly startedAt?: number;
  /** When it last read, by its own log. */
  readonly readAt?: number;
  /** Whether its log would tell of a reading within the last five minutes. */
  readonly logTells: boolean;
}

/**
 * From when on the kubelet uses what stands on the node now: a time that has passed, or the latest that it may be.
 * It reads at the next pull of any image once what it read before is five minutes old.
 *
 * @returns seconds since 1970, `now` at least where it is so already
 */
export function inForceFrom(clues: ReadingClues): number {
  const { now, changedAt, startedAt = now, readAt, logTells } = clues;
  // A stat has whole seconds: a reading within the same one may have come before the change.
  const sinceStart = startedAt > changedAt;
  const sinceRead = readAt !== undefined && readAt >= changedAt + 1;
  if (sinceStart || sinceRead) return now;
  if (readAt !== undefined && readAt >= startedAt) return Math.max(now, readAt + CACHE_SECONDS);
  if (logTells) return now;
  // A change that lies ahead is a clock set back: it counts as new.
  return Math.max(now, Math.min(changedAt, now) + CACHE_SECONDS);
}
