import { performance } from "node:perf_hooks";
import { readContext } from "../cluster/context.ts";
import { type Gateway, openGateway } from "../cluster/gateway.ts";
import { PullcastError } from "../errors.ts";
import type { CleanupReport } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import type { CleanupOptions } from "./options.ts";
import { MANAGED_BY } from "./pod-frame.ts";
import { removePods } from "./verify/remove-pods.ts";

/**
 * Removes the test pods that crashed runs left, known by their labels; those of a verify that runs
 * somewhere at this moment as well.
 *
 * @throws PullcastError PC101 to PC106; PC001 for a namespace that isn't there; the signal's reason after an abort before the first pod
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
    if (namespace !== undefined && items.length === 0) await expectNamespace(gateway, namespace);
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

/** A namespace that isn't there has no pods either: a typo must not look clean. Who may not ask is not told. */
async function expectNamespace(gateway: Gateway, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  if ((await gateway.request("GET", path)).status !== 404) return;
  throw new PullcastError("PC001", {
    detail: `there is no namespace ${cleanText(namespace, 100)}`,
    fix: "kubectl get namespaces",
  });
}
