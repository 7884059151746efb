/** Added to the kubelet's 5 minutes: it reads at the next pull after them, and two clocks differ. */
export const MARGIN_MS = 15_000;

/**
 * From when on a denied pod is the registry's answer to what was pushed; `undefined` where no push is known.
 * After a restart nothing older is cached, and only this machine's clock counts: no margin is needed.
 */
export function finalFrom(
  push: { readonly effectiveBy: Date; readonly restarted: boolean } | undefined,
): Date | undefined {
  if (push === undefined || push.restarted) return push?.effectiveBy;
  return new Date(push.effectiveBy.getTime() + MARGIN_MS);
}

/** Waits between fresh pods: short at first, for kubelets whose cache was half over. */
const FIRST_WAIT_MS = 20_000;
const WAIT_GROWTH = 1.5;
const LONGEST_WAIT_MS = 60_000;

interface Denial {
  /** When the pod that was denied was created. */
  readonly createdAt: Date;
  readonly now: Date;
  /** See `finalFrom`. */
  readonly finalFrom: Date | undefined;
  /** When the run stops waiting. */
  readonly deadline: Date;
  /** Pods tried so far, 1 or more. */
  readonly attempts: number;
}

/** What a denial means now. */
export type DenialVerdict =
  /** It is the registry's answer to what was pushed. */
  | { readonly type: "final" }
  /** The kubelet may use what it read before: try again then. */
  | { readonly type: "again"; readonly at: Date }
  /** The same, and the run's time is over first. */
  | { readonly type: "not-yet" };

/**
 * Judges a denial: final if its pod was created at `finalFrom` or later, or if no push is known; until then
 * the kubelet may still use an older file. One try always falls on that moment.
 */
export function judgeDenial(denial: Denial): DenialVerdict {
  const { createdAt, now, deadline, attempts } = denial;
  const finalMs = denial.finalFrom?.getTime() ?? Number.NEGATIVE_INFINITY;
  if (createdAt.getTime() >= finalMs) return { type: "final" };
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * WAIT_GROWTH ** (attempts - 1));
  const soon = now.getTime() + wait;
  const at = now.getTime() < finalMs ? Math.min(soon, finalMs) : now.getTime();
  if (at < deadline.getTime()) return { type: "again", at: new Date(at) };
  return { type: "not-yet" };
}
