import { apiRefusal } from "../../cluster/api-http.ts";
import { type AgentMode, probeCommand } from "../../deploy/manifests.ts";
import { WAIT_LABEL } from "../../deploy/model.ts";
import type { AgentItem, AgentReport, AgentUninstallOptions } from "./model.ts";
import { removeRevisions } from "./revisions.ts";
import {
  type AgentSession,
  awaitAgent,
  deleteObject,
  labelWaiting,
  noAgent,
  withAgentSession,
} from "./session.ts";
import { agentNodes, type DaemonSet, daemonSetPath, readDaemonSet, surveyAgent } from "./survey.ts";

/**
 * Takes the credentials back on every node, by a rollout of its own, and then the DaemonSet away. Where a node does
 * not get there the DaemonSet stays, so that it may be tried again.
 *
 * @returns an item for each node: `ready` means that what stood there before pullcast is back
 * @throws {PullcastError} PC184 where there is none, PC101 to PC106
 */
export async function agentUninstall(options: AgentUninstallOptions): Promise<AgentReport> {
  return await withAgentSession(options, async (session) => {
    const { gateway } = session;
    const daemonSet = await readDaemonSet(gateway, options);
    if (daemonSet === undefined) throw noAgent(options);
    const taken = options.keepFiles
      ? { isReady: true, items: await surveyAgent(gateway, options, daemonSet) }
      : await takeBack(session, options);
    if (taken.isReady) await removeAll(session, options, daemonSet);
    return { ...session.facts(), operation: "uninstall", items: taken.items.map(waitsNoMore) };
  });
}

/** A node that waited for its wave has nothing of ours. */
function waitsNoMore(item: AgentItem): AgentItem {
  if (item.state !== "waiting") return item;
  const { message: _wave, ...rest } = item;
  return { ...rest, state: "ready" };
}

/** The pods' template says so: Kubernetes brings it to every node, and tells when it is done. */
async function takeBack(session: AgentSession, options: AgentUninstallOptions) {
  const container = "/spec/template/spec/containers/0";
  const mode: AgentMode = "take-back";
  const probe = probeCommand(mode);
  const answer = await session.gateway.request("PATCH", daemonSetPath(options), [
    // All nodes at once: nothing is served that could be out of service.
    {
      op: "replace",
      path: "/spec/updateStrategy",
      value: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%" } },
    },
    { op: "replace", path: `${container}/args`, value: [mode] },
    { op: "replace", path: `${container}/startupProbe/exec/command`, value: probe },
    { op: "replace", path: `${container}/readinessProbe/exec/command`, value: probe },
  ]);
  if (answer.status !== 200) throw apiRefusal(answer, `daemonset ${options.name}`);
  return await awaitAgent(session, options, options.timeoutMs);
}

async function removeAll(
  { gateway }: AgentSession,
  { namespace, name }: AgentUninstallOptions,
  { spec }: DaemonSet,
): Promise<void> {
  const metadata = { name, namespace };
  await deleteObject(gateway, { apiVersion: "apps/v1", kind: "DaemonSet", metadata });
  await removeRevisions(gateway, metadata);
  await deleteObject(gateway, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata,
  });
  await deleteObject(gateway, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  const nodes = await agentNodes(gateway, spec.template.spec.nodeSelector ?? {});
  await labelWaiting(
    gateway,
    nodes.filter(({ labels }) => WAIT_LABEL in labels),
    false,
  );
}
