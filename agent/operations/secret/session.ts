import { performance } from "node:perf_hooks";
import { type ClusterContext, readContext } from "../../cluster/context.ts";
import { type Gateway, openGateway } from "../../cluster/gateway.ts";
import type { SecretRunOptions } from "./model.ts";

/** A gateway for one run over namespaces, and what its report begins with. */
export interface Session {
  readonly gateway: Gateway;
  readonly context: ClusterContext | undefined;
  /** As they stand now. */
  facts(): {
    readonly startedAt: string;
    readonly durationMs: number;
    readonly context?: string;
    readonly interrupted: boolean;
    readonly requests: number;
  };
}

/** Requests at once: the API server's own fairness sets in above. */
export const AT_ONCE = 32;

/**
 * Runs work with one kubectl proxy, however many namespaces there are.
 *
 * @throws PullcastError PC101 to PC106; what `work` throws; the signal's reason after an abort
 */
export async function withSession<Outcome>(
  { kubectl, signal }: Pick<SecretRunOptions, "kubectl" | "signal">,
  work: (session: Session) => Promise<Outcome>,
): Promise<Outcome> {
  const startedAt = new Date();
  const began = performance.now();
  const context = await readContext(kubectl, signal);
  const gateway = await openGateway(kubectl, signal);
  let requests = 0;
  const counting: Gateway = {
    ...gateway,
    request: (method, path, body) => {
      requests += 1;
      return gateway.request(method, path, body);
    },
  };
  try {
    return await work({
      gateway: counting,
      context,
      facts: () => ({
        startedAt: startedAt.toISOString(),
        durationMs: Math.round(performance.now() - began),
        ...(context === undefined ? {} : { context: context.name }),
        interrupted: signal.aborted,
        requests,
      }),
    });
  } finally {
    await gateway.close();
  }
}
