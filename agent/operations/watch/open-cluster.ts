import { readContext } from "../../cluster/context.ts";
import { durableGateway } from "../../cluster/durable-gateway.ts";
import type { SharedGateway } from "../../cluster/gateway-contract.ts";
import type { KubectlSettings } from "../../cluster/kubectl.ts";

/**
 * Runs work that goes on for days with one way to its cluster, which is opened anew where it breaks.
 *
 * @throws {PullcastError} PC101, PC102 where kubectl or its context is not usable; what `work` throws
 */
export async function withOpenCluster<Outcome>(
  kubectl: KubectlSettings,
  signal: AbortSignal,
  work: (cluster: SharedGateway, kubectl: KubectlSettings) => Promise<Outcome>,
): Promise<Outcome> {
  const context = await readContext(kubectl, signal);
  // Clean-up after the user's stop needs the way as well.
  const gateway = durableGateway(kubectl, new AbortController().signal);
  const shared = { gateway, ...(context === undefined ? {} : { context }) };
  try {
    return await work(shared, { ...kubectl, shared });
  } finally {
    await gateway.close();
  }
}
