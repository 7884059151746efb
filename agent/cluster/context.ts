import { PullcastError } from "../errors.ts";
import type { ClusterContext } from "./gateway-contract.ts";
import { type KubectlSettings, runKubectl } from "./kubectl.ts";

export type { ClusterContext } from "./gateway-contract.ts";

const JSONPATH = '{.contexts[0]}{"\\n"}{.clusters[0]}{"\\n"}';

/**
 * Asks kubectl which context it uses.
 *
 * @returns `undefined` without a kubeconfig (kubectl in a pod finds its cluster by itself)
 * @throws PullcastError PC101, PC102, PC105, PC106; the signal's reason after an abort
 */
export async function readContext(
  kubectl: KubectlSettings,
  signal: AbortSignal,
): Promise<ClusterContext | undefined> {
  if (kubectl.shared !== undefined) return kubectl.shared.context;
  const args = ["config", "view", "--minify", `--output=jsonpath=${JSONPATH}`];
  try {
    return parseContext(await runKubectl(kubectl, args, { signal }));
  } catch (error) {
    const inPod = error instanceof PullcastError && /current-context must exist/.test(error.detail);
    if (inPod && kubectl.context === undefined) return undefined;
    throw error;
  }
}

/** Reads the two JSON lines of `kubectl config view`; throws PC105. */
export function parseContext(stdout: string): ClusterContext {
  const [contextLine = "", clusterLine = ""] = stdout.split("\n");
  try {
    const context = JSON.parse(contextLine) as {
      name?: string;
      context?: { namespace?: string };
    };
    const cluster = JSON.parse(clusterLine) as { cluster?: { server?: string } };
    return {
      name: String(context.name ?? ""),
      server: withoutLogin(String(cluster.cluster?.server ?? "")),
      namespace: String(context.context?.namespace ?? "default"),
    };
  } catch (cause) {
    throw new PullcastError("PC105", { detail: "kubectl config view printed no JSON", cause });
  }
}

/** A URL may carry a login: it is no part of an address. */
function withoutLogin(server: string): string {
  return server.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1");
}
