import { performance } from "node:perf_hooks";
import { readContext } from "../cluster/context.ts";
import { openGateway } from "../cluster/gateway.ts";
import type { CleanupReport } from "../model.ts";
import type { CleanupOptions } from "./options.ts";
import { removePods } from "./verify/remove-pods.ts";
import { MANAGED_BY } from "./verify/test-pod.ts";

/**
 * Removes the test pods that crashed runs left, known by their labels; those of a verify that runs
 * somewhere at this moment as well.
 *
 * @throws PullcastError PC101 to PC106; the signal's reason after an abort before the first pod
 */
export async function cleanup(options: CleanupOptions): Promise<CleanupReport> {
  const { kubectl, namespace, signal, report } = options;
  const startedAt = new Date();
  const began = performance.now();
  const context = await readContext(kubectl, signal);
  const gateway = await openGateway(kubectl, signal);
  try {
    const items = await removePods(gateway, {
      selector: MANAGED_BY,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
    });
    report({ type: "cleaned", pods: items.filter(({ result }) => result === "removed").length });
    return {
      kind: "CleanupReport",
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - began),
      ...(context === undefined ? {} : { context: context.name }),
      interrupted: signal.aborted,
      items,
    };
  } finally {
    await gateway.close();
  }
}
