import { readServerVersion } from "../../cluster/access-review.ts";
import { type ClusterContext, readContext } from "../../cluster/context.ts";
import { openGateway } from "../../cluster/gateway.ts";
import type { CheckItem, Target } from "../../model.ts";
import type { HostResolver } from "../../transport/resolve-host.ts";
import type { CheckOptions } from "../options.ts";
import { type SelectedTargets, selectTargets } from "../select-targets.ts";
import { errorItem, failedItem, noticeItem, notTriedItem, okItem, warningItem } from "./items.ts";
import { checkPermissions } from "./permissions.ts";

/** What became of the groups kubectl, rbac and nodes. */
export interface ClusterFindings {
  readonly items: readonly CheckItem[];
  /** kubectl's context, where there is one. */
  readonly context?: ClusterContext;
  /** Nodes to log in to; none where nobody could list them. */
  readonly targets: readonly Target[];
}

/** kubectl and its context, the API server, what the user may do there, and which nodes a push would serve. */
export async function checkCluster(
  options: CheckOptions,
  resolver: HostResolver,
): Promise<ClusterFindings> {
  if (options.selection.hosts !== undefined) {
    const nodes = await checkNodes(options, resolver);
    return { ...nodes, items: [...untold("--hosts asks no cluster"), ...nodes.items] };
  }
  const subject = { group: "kubectl", name: "context" } as const;
  let context: ClusterContext | undefined;
  try {
    context = await readContext(options.kubectl, options.signal);
  } catch (error) {
    options.signal.throwIfAborted();
    const why = "kubectl and its context come first";
    const nodes = notTriedItem({ group: "nodes", name: "selection" }, { detail: why });
    const items = [errorItem(subject, error), ...untold(why).slice(1), nodes];
    return { items, targets: [] };
  }
  const told =
    context === undefined
      ? okItem(subject, "no kubeconfig: the cluster that this pod runs in")
      : okItem(subject, `${context.name} (${context.server})`);
  const [server, nodes] = await Promise.all([
    checkServer(options, context),
    checkNodes(options, resolver),
  ]);
  return {
    items: [told, ...server, ...nodes.items],
    targets: nodes.targets,
    ...(context === undefined ? {} : { context }),
  };
}

/** Lines for the groups that ask the API server. */
function untold(why: string): CheckItem[] {
  return [
    notTriedItem({ group: "kubectl", name: "context" }, { detail: why }),
    notTriedItem({ group: "rbac", name: "permissions" }, { detail: why }),
  ];
}

/** One kubectl proxy answers it all. */
async function checkServer(
  options: CheckOptions,
  context: ClusterContext | undefined,
): Promise<CheckItem[]> {
  const { kubectl, signal, image } = options;
  const subject = { group: "kubectl", name: "API server" } as const;
  const gateway = await openGateway(kubectl, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return errorItem(subject, error);
  });
  if ("result" in gateway) return [gateway, silent()];
  try {
    const version = okItem(subject, await readServerVersion(gateway));
    const namespace = options.namespace ?? context?.namespace ?? "default";
    const verifies = image !== undefined;
    const secrets = (options.source.inputs ?? []).flatMap((input) =>
      input.type === "secret" ? [{ namespace: input.namespace, name: input.name }] : [],
    );
    return [version, ...(await checkPermissions(gateway, { namespace, secrets, verifies }))];
  } catch (error) {
    signal.throwIfAborted();
    return [errorItem(subject, error), silent()];
  } finally {
    await gateway.close();
  }
}

function silent(): CheckItem {
  const detail = "the API server did not answer";
  return notTriedItem({ group: "rbac", name: "permissions" }, { detail });
}

async function checkNodes(
  options: CheckOptions,
  resolver: HostResolver,
): Promise<Pick<ClusterFindings, "items" | "targets">> {
  const { kubectl, selection, signal } = options;
  try {
    const selected = await selectTargets({
      ...{ kubectl, selection, signal, purpose: "push", force: options.force },
      sshHostKnown: resolver.isConfigured,
      nodeCheck: options.nodeCheck,
    });
    return { items: nodeItems(selected), targets: selected.targets };
  } catch (error) {
    signal.throwIfAborted();
    return { items: [errorItem({ group: "nodes", name: "selection" }, error)], targets: [] };
  }
}

function nodeItems({ targets, refused, skipped, notices }: SelectedTargets): CheckItem[] {
  const subject = (name: string) => ({ group: "nodes" as const, name });
  return [
    ...targets.map(targetItem),
    ...refused.map(({ name, code, message, fix }) =>
      failedItem(subject(name), { code, detail: message, ...(fix === undefined ? {} : { fix }) }),
    ),
    ...skipped.map(({ name, code, message }) =>
      warningItem(subject(name), { code, detail: message }),
    ),
    ...notices.map((notice) => noticeItem(subject("cloud"), notice)),
  ];
}

function targetItem({ name, addressKind, node }: Target): CheckItem {
  const subject = { group: "nodes", name } as const;
  if (node === undefined) return okItem(subject, "given by --hosts");
  if (node.ready === true) return okItem(subject, `Ready, address ${addressKind}`);
  const detail = node.ready === false ? "its Ready condition is not True" : "it never reported";
  return warningItem(subject, { code: "PC131", detail });
}
