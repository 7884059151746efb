import { openGateway } from "../cluster/gateway.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { acquireLease, type LeasePlace } from "../cluster/lease.ts";
import { describeCode, PullcastError } from "../errors.ts";
import type { Report } from "../events.ts";

/** How long a run waits for another one on its cluster, unless told otherwise. */
const LOCK_WAIT_MS = 60_000;

interface HoldOptions {
  /** What is held. @default the cluster */
  readonly place?: LeasePlace;
  readonly kubectl: KubectlSettings;
  readonly run: string;
  /** For people. @default unknown */
  readonly operator?: string;
  /** The longest wait for another run, ms. @default 60,000 */
  readonly lockWaitMs?: number;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/**
 * Keeps the cluster to this run, by its Lease. Without the right to it the run goes on, and says so (PC142): each node
 * guards its own file by a lock and a comparison.
 *
 * @returns what gives the cluster back; never throws
 * @throws {PullcastError} PC143 where another run holds the cluster for longer than `lockWaitMs`
 */
export async function holdCluster(options: HoldOptions): Promise<() => Promise<void>> {
  const { kubectl, run, operator = "unknown", signal, report } = options;
  const { lockWaitMs: waitMs = LOCK_WAIT_MS, place } = options;
  const without = (why: string) => {
    const message = `${describeCode("PC142").title}: ${why}`;
    report({ type: "notice", notice: { code: "PC142", message } });
    return async () => undefined;
  };
  const gateway = await openGateway(kubectl, signal).catch((error: unknown) => {
    if (error instanceof PullcastError) return error;
    throw error;
  });
  if (gateway instanceof PullcastError) return without(gateway.message);
  const outcome = await acquireLease(gateway, {
    ...(place === undefined ? {} : { place }),
    identity: `${operator} ${run}`,
    waitMs,
    signal,
    onWait: (holder) => {
      const message = `waiting for another run on this cluster to end: ${holder}`;
      report({ type: "notice", notice: { code: "PC143", message } });
    },
  });
  if (outcome.type === "held") {
    return async () => {
      await outcome.release();
      await gateway.close();
    };
  }
  await gateway.close();
  if (outcome.type === "taken") throw new PullcastError("PC143", { detail: outcome.holder });
  return outcome.type === "unavailable" ? without(outcome.why) : async () => undefined;
}
