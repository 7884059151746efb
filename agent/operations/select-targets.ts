import { findShared, pickHost } from "../cluster/addresses.ts";
import { chooseNodes } from "../cluster/choose-nodes.ts";
import { type ClusterContext, readContext } from "../cluster/context.ts";
import { parseHostEntries } from "../cluster/host-entries.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { listNodes } from "../cluster/list-nodes.ts";
import { cloudOf, skipReason } from "../cluster/node-kinds.ts";
import { type Unsuited, unsuitedReason } from "../cluster/unsuited.ts";
import { PullcastError } from "../errors.ts";
import type { PlannedEvent } from "../events.ts";
import type { ClusterNode, Notice, SkippedNode, Target } from "../model.ts";
import type { KnownCluster, NodeRunOptions, SelectionOptions } from "./options.ts";

interface SelectOptions {
  readonly kubectl: KubectlSettings;
  readonly selection: SelectionOptions;
  /** A push needs addresses and nodes whose files may be written, a look at nodes addresses, a verify neither. */
  readonly purpose: "push" | "reach" | "verify";
  /** Also nodes on which a file is merely unwise. @default false */
  readonly force?: boolean | undefined;
  readonly signal: AbortSignal;
  /** Whether ssh's configuration knows a host by this name; absent: no name is known. */
  readonly sshHostKnown?: (name: string) => Promise<boolean>;
  /** Whether a host must have the ids of its node, so that a wrong one is seen. @default true */
  readonly nodeCheck?: boolean | undefined;
}

/** What a selection came to. */
export interface SelectedTargets {
  /** Absent for `--hosts` and where kubectl has no kubeconfig. */
  readonly context?: ClusterContext;
  readonly targets: readonly Target[];
  /** Windows (PC115) and virtual (PC116) nodes. */
  readonly skipped: readonly SkippedNode[];
  /**
   * Nodes without a usable address (PC112 to PC114, PC265), or where a file is the wrong way (PC117, PC118, PC147):
   * each fails in the phase `select`.
   */
  readonly refused: readonly SkippedNode[];
  readonly notices: readonly Notice[];
}

/** How many targets have which kind of address. */
export function countAddressKinds(targets: readonly Target[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { addressKind } of targets) counts[addressKind] = (counts[addressKind] ?? 0) + 1;
  return counts;
}

/** Tells the plan of a run on nodes, and what is to be noted about it. */
export function announceTargets(
  { report, concurrency }: Pick<NodeRunOptions, "report" | "concurrency">,
  {
    selected,
    ...plan
  }: Pick<PlannedEvent, "operation" | "run" | "pool" | "credentials" | "waves"> & {
    readonly selected: SelectedTargets;
  },
): PlannedEvent {
  const planned: PlannedEvent = {
    type: "planned",
    ...plan,
    ...(selected.context === undefined ? {} : { context: selected.context }),
    addressKinds: countAddressKinds(selected.targets),
    targets: selected.targets,
    skipped: selected.skipped,
    concurrency,
  };
  report(planned);
  for (const notice of selected.notices) report({ type: "notice", notice });
  return planned;
}

/**
 * Finds the nodes of a run: one kubectl lists them, one tells the context, or `--hosts` names them.
 *
 * @throws PullcastError PC001, PC101 to PC106, PC110 (nothing selected, and why), PC111, PC117 to PC119, PC147
 */
export async function selectTargets(options: SelectOptions): Promise<SelectedTargets> {
  const { selection } = options;
  if (selection.hosts !== undefined) return selectHosts(options);
  const { nodes, context } = selection.known ?? (await askCluster(options));
  if (nodes.length === 0) throw nothingListed(selection);
  const selected = await selectNodes(nodes, options);
  return context === undefined ? selected : { context, ...selected };
}

async function askCluster({ kubectl, selection, signal }: SelectOptions): Promise<KnownCluster> {
  const { selector, fieldSelector } = selection;
  const [nodes, context] = await both(
    listNodes(kubectl, {
      signal,
      ...(selector === undefined ? {} : { selector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }),
    readContext(kubectl, signal),
  );
  return { nodes, ...(context === undefined ? {} : { context }) };
}

/** Turns listed nodes into targets; `selectTargets` without kubectl. */
export async function selectNodes(
  nodes: readonly ClusterNode[],
  options: Pick<SelectOptions, "selection" | "purpose" | "sshHostKnown" | "nodeCheck" | "force">,
): Promise<Omit<SelectedTargets, "context">> {
  const chosen = chooseNodes(nodes, options.selection);
  const skipped: SkippedNode[] = [];
  const served: ClusterNode[] = [];
  for (const node of chosen) {
    const reason = skipReason(node);
    if (reason === undefined) served.push(node);
    else skipped.push(reason);
  }
  if (served.length === 0) throw nothingServed(skipped);
  if (options.purpose === "verify") {
    return { targets: served.map(byName), skipped, refused: [], notices: [] };
  }
  const { suited, unsuited } =
    options.purpose === "push"
      ? splitUnsuited(served, options.force === true)
      : { suited: served, unsuited: [] };
  const { targets, refused } = await addressed(suited, nodes, options);
  const notices = options.purpose === "push" ? cloudNotices(suited) : [];
  return { targets, refused: [...unsuited, ...refused], skipped, notices };
}

function selectHosts({ selection, purpose }: SelectOptions): SelectedTargets {
  if (purpose === "verify") {
    throw new PullcastError("PC001", {
      detail: "verify asks the cluster, so it takes no --hosts",
      fix: "name the nodes instead: pullcast verify NODE… --image REF",
    });
  }
  const hosts = parseHostEntries(selection.hosts ?? []);
  if (hosts.length === 0) throw new PullcastError("PC110", { detail: "--hosts names none" });
  const targets = chooseNodes(hosts, {
    ...selection,
    fix: "compare NODE and --exclude with the names in --hosts and --hosts-from",
  });
  return { targets, skipped: [], refused: [], notices: [] };
}

/** A verify reaches nodes by the API server: no address is needed. */
function byName(node: ClusterNode): Target {
  return { name: node.name, host: node.name, addressKind: "name", node };
}

async function addressed(
  served: readonly ClusterNode[],
  nodes: readonly ClusterNode[],
  {
    selection,
    sshHostKnown,
    nodeCheck = true,
  }: Pick<SelectOptions, "selection" | "sshHostKnown" | "nodeCheck">,
): Promise<Pick<SelectedTargets, "targets" | "refused">> {
  const rules = {
    kind: selection.address,
    template: selection.hostTemplate,
    sshHostKnown: sshHostKnown ?? (async () => false),
  };
  const pickFor = async (node: ClusterNode) => ({ node, pick: await pickHost(node, rules) });
  const picks = await Promise.all(served.map(pickFor));
  const others = await Promise.all(nodes.filter((node) => !served.includes(node)).map(pickFor));
  const hosts = new Map<string, string>();
  for (const { node, pick } of [...picks, ...others]) {
    if ("host" in pick) hosts.set(node.name, pick.host);
  }
  const shared = findShared(hosts, { nodes, nodeCheck });
  const targets: Target[] = [];
  const refused: SkippedNode[] = [];
  for (const { node, pick } of picks) {
    const others = shared.get(node.name);
    if (!("host" in pick)) refused.push({ name: node.name, ...pick });
    else if (others === undefined) {
      targets.push({ name: node.name, host: pick.host, addressKind: pick.kind, node });
    } else {
      const message = `${pick.host} is also an address of ${nameSome(others)}`;
      refused.push({ name: node.name, code: "PC114", message });
    }
  }
  return { targets, refused };
}

function cloudNotices(nodes: readonly ClusterNode[]): Notice[] {
  const byCloud = new Map<string, string[]>();
  for (const node of nodes) {
    const cloud = cloudOf(node);
    if (cloud !== undefined) byCloud.set(cloud, [...(byCloud.get(cloud) ?? []), node.name]);
  }
  return [...byCloud].map(([cloud, names]) => ({
    code: "PC117",
    message: `${cloud} replaces nodes, and what is written on them goes with them: ${nameSome(names)}`,
  }));
}

/** A cluster of such nodes is refused; one node that calls itself so, as its kubelet may, keeps nothing from the others. */
function splitUnsuited(served: readonly ClusterNode[], force: boolean) {
  const reasons = new Map<ClusterNode, Unsuited>();
  for (const node of served) {
    const reason = unsuitedReason(node);
    if (reason !== undefined && !(reason.unwise && force)) reasons.set(node, reason);
  }
  const [first] = reasons.values();
  if (first !== undefined && reasons.size === served.length) {
    const { code, message, fix } = first;
    const names = nameSome([...reasons.keys()].map(({ name }) => name));
    throw new PullcastError(code, { detail: `${names}: ${message}`, fix });
  }
  return {
    suited: served.filter((node) => !reasons.has(node)),
    unsuited: [...reasons].map(
      ([{ name }, { code, message, fix }]): SkippedNode => ({ name, code, message, fix }),
    ),
  };
}

function nothingListed({ selector, fieldSelector }: SelectionOptions): PullcastError {
  const given = [
    ...(selector === undefined ? [] : [`-l ${selector}`]),
    ...(fieldSelector === undefined ? [] : [`--field-selector ${fieldSelector}`]),
  ];
  const detail = given.length === 0 ? "the cluster has no nodes" : `none match ${given.join(" ")}`;
  return new PullcastError("PC110", { detail });
}

function nothingServed(skipped: readonly SkippedNode[]): PullcastError {
  const [first] = skipped;
  const rest = skipped.length > 1 ? `, and ${skipped.length - 1} more are skipped` : "";
  const detail = first === undefined ? "" : `${first.name} is skipped: ${first.message}${rest}`;
  return new PullcastError("PC110", { detail });
}

/** Up to 5 names, then how many more. */
function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/** Both results; the first task's failure is told before the second's, and neither is left running unseen. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}
