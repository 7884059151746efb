import { readClusterId } from "../../cluster/cluster-id.ts";
import type { KubectlSettings } from "../../cluster/kubectl.ts";
import { listNodes } from "../../cluster/list-nodes.ts";
import { skipReason } from "../../cluster/node-kinds.ts";
import { nameList } from "../../credentials/name-list.ts";
import { PullcastError } from "../../errors.ts";
import type { SelectionOptions } from "../options.ts";
import { selectTargets } from "../select-targets.ts";

interface PlanPoolsOptions {
  readonly kubectl: KubectlSettings;
  /** The UID of kube-system that the cluster must have; absent where no pool is of a cluster. */
  readonly clusterId?: string;
  readonly pools: readonly { readonly name: string; readonly selection: SelectionOptions }[];
  /** Whether nodes of no pool are looked for. */
  readonly all: boolean;
  readonly signal: AbortSignal;
}

/** What pools come to on their cluster. */
interface PlannedPools {
  /** Pools without a node now: an autoscaler may have none there. */
  readonly empty: readonly string[];
  /** Nodes that no pool has. */
  readonly unassigned: readonly string[];
}

/**
 * Looks at the nodes of all pools before any is touched.
 *
 * @throws {PullcastError} PC150 on another cluster, PC151 where a node is in two pools, PC101 to PC106 where nobody
 *   can be asked
 */
export async function planPools(options: PlanPoolsOptions): Promise<PlannedPools> {
  const { kubectl, clusterId, pools, all, signal } = options;
  if (clusterId !== undefined) await requireCluster(kubectl, clusterId, signal);
  const poolOf = new Map<string, string>();
  const twice: string[] = [];
  const empty: string[] = [];
  for (const { name, selection } of pools) {
    const nodes = await nodesOf(selection, { kubectl, signal });
    if (nodes.length === 0) empty.push(name);
    for (const node of nodes) {
      const other = poolOf.get(node);
      if (other === undefined) poolOf.set(node, name);
      else if (other !== name) twice.push(`${node} (${other}, ${name})`);
    }
  }
  if (twice.length > 0) throw new PullcastError("PC151", { detail: nameList(twice) });
  if (empty.length === pools.length) {
    throw new PullcastError("PC110", { detail: `no pool has a node: ${nameList(empty)}` });
  }
  if (!all || clusterId === undefined) return { empty, unassigned: [] };
  const nodes = await listNodes(kubectl, { signal });
  const left = nodes.filter((node) => skipReason(node) === undefined && !poolOf.has(node.name));
  return { empty, unassigned: left.map(({ name }) => name) };
}

/**
 * Refuses any cluster but one.
 *
 * @param clusterId - the UID of its namespace kube-system
 * @throws {PullcastError} PC150 on another cluster, PC101 to PC106
 */
export async function requireCluster(
  kubectl: KubectlSettings,
  clusterId: string,
  signal: AbortSignal,
): Promise<void> {
  const id = await readClusterId(kubectl, signal);
  if (id === clusterId) return;
  throw new PullcastError("PC150", { detail: `the file says ${clusterId}, this one is ${id}` });
}

async function nodesOf(
  selection: SelectionOptions,
  run: { readonly kubectl: KubectlSettings; readonly signal: AbortSignal },
): Promise<string[]> {
  try {
    const { targets, refused } = await selectTargets({ ...run, selection, purpose: "reach" });
    return [...targets, ...refused].map(({ name }) => name);
  } catch (error) {
    if (error instanceof PullcastError && error.code === "PC110") return [];
    throw error;
  }
}
