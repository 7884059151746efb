import type { Gateway } from "../cluster/gateway.ts";
import { PullcastError } from "../errors.ts";
import type { Report } from "../events.ts";
import { runSelector } from "./pod-frame.ts";
import { removePods } from "./verify/remove-pods.ts";

/** Time that the clean-up has at the end, also after Ctrl-C, ms. */
const SWEEP_MS = 5000;

interface Sweep {
  readonly namespace: string;
  readonly run: string;
  /** How many were sent. */
  readonly pods: number;
  readonly report: Report;
}

/** Removes what is left of a run's pods, and says what could not be. */
export async function sweepPods(gateway: Gateway, sweep: Sweep): Promise<void> {
  const { namespace, run, pods, report } = sweep;
  const tellLeft = (detail: string) => {
    const message = `${detail}; they are in namespace ${namespace} with the label pullcast.dev/run=${run}`;
    report({ type: "notice", notice: { code: "PC120", message } });
  };
  const removing = removePods(gateway, { namespace, selector: runSelector(run) });
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), SWEEP_MS).unref();
  });
  try {
    const removed = await Promise.race([removing, late]);
    const failed = removed?.filter(({ result }) => result === "failed") ?? [];
    if (removed === undefined) tellLeft("removing took too long");
    else if (failed.length > 0) tellLeft(`${failed.length} pods: ${failed[0]?.message ?? ""}`);
    else report({ type: "cleaned", pods });
  } catch (error) {
    if (!(error instanceof PullcastError)) throw error;
    tellLeft(error.message);
  } finally {
    removing.catch(() => undefined);
  }
}
