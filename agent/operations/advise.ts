import { findAlwaysPull } from "../cluster/always-pull.ts";
import { readContext } from "../cluster/context.ts";
import { openGateway } from "../cluster/gateway.ts";
import { listNodes } from "../cluster/list-nodes.ts";
import { NODE_ANNOTATION } from "../cluster/node-annotation.ts";
import { skipReason } from "../cluster/node-kinds.ts";
import { unsuitedReason } from "../cluster/unsuited.ts";
import type { ClusterNode } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { chooseRoute } from "./advise/choose-route.ts";
import type { Advice, AdviseOptions, ClusterFacts } from "./advise/model.ts";

/** What a node tells of who made it. */
const AUTOSCALERS: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Karpenter", /^karpenter\.sh\//],
  ["cluster-autoscaler", /^cluster-autoscaler\.kubernetes\.io\//],
  ["Cluster API", /^cluster\.x-k8s\.io\//],
];

/**
 * Looks at a cluster and says which way of serving private images fits it and the wish, what that exposes, and the
 * commands. Asks the API server alone; changes nothing.
 *
 * @throws {PullcastError} PC101 to PC106
 */
export async function advise({ kubectl, want, signal }: AdviseOptions): Promise<Advice> {
  const [nodes, context] = await Promise.all([
    listNodes(kubectl, { signal }),
    readContext(kubectl, signal),
  ]);
  const gateway = await openGateway(kubectl, signal);
  try {
    const facts = {
      ...factsOf(nodes),
      ...(await findAlwaysPull(gateway, context?.namespace ?? "default")),
    };
    return {
      kind: "Advice",
      want,
      ...(context === undefined ? {} : { context: context.name }),
      facts,
      ...chooseRoute(want, facts),
    };
  } finally {
    await gateway.close();
  }
}

function factsOf(all: readonly ClusterNode[]): ClusterFacts {
  const nodes = all.filter((node) => skipReason(node) === undefined);
  const unsuited = new Map<string, { fix: string; nodes: number; unwise: boolean }>();
  for (const node of nodes) {
    const reason = unsuitedReason(node);
    if (reason === undefined) continue;
    const { message, fix, unwise } = reason;
    unsuited.set(message, { fix, unwise, nodes: (unsuited.get(message)?.nodes ?? 0) + 1 });
  }
  const signs = nodes.flatMap(({ labels, annotations }) => [
    ...Object.keys(labels),
    ...Object.keys(annotations),
  ]);
  const [autoscaler] = AUTOSCALERS.find(([, sign]) => signs.some((key) => sign.test(key))) ?? [];
  const versions = nodes.map(({ kubeletVersion }) => cleanText(kubeletVersion, 50));
  return {
    nodes: nodes.length,
    unsuited: [...unsuited].map(([why, of]) => ({ why, ...of })),
    ...(autoscaler === undefined ? {} : { autoscaler }),
    annotated: nodes.filter(({ annotations }) => NODE_ANNOTATION in annotations).length,
    oldestKubelet: versions.sort(byVersion)[0] ?? "",
  };
}

function byVersion(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
