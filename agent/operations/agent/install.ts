import type { Gateway } from "../../cluster/gateway.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import { agentSurroundings, daemonSet } from "../../deploy/manifests.ts";
import { WAIT_LABEL } from "../../deploy/model.ts";
import { splitWaves } from "../../rollout/split-waves.ts";
import { approveAmbient } from "../approve-ambient.ts";
import { newRunId } from "../run-id.ts";
import { loadSoundSecret } from "../secret/load-sound.ts";
import type { AgentInstallOptions, AgentReport } from "./model.ts";
import { ensureRevision, pruneRevisions, readPresent, revisionFiles } from "./revisions.ts";
import {
  type AgentSession,
  type AgentWait,
  applyObject,
  awaitAgent,
  labelWaiting,
  withAgentSession,
} from "./session.ts";
import { agentNodes, isAgent, readDaemonSet, revisionOf } from "./survey.ts";

/**
 * Installs the DaemonSet, or brings it a new revision: another source is another Secret, named in the pods' template,
 * so that Kubernetes itself rolls it out and tells when every node has it.
 *
 * @returns an item for each node: a node's failure is a value
 * @throws {PullcastError} PC6xx where the source is unusable or the plan is not confirmed, PC168, PC185 where others own the DaemonSet, PC10x
 */
export async function agentInstall(options: AgentInstallOptions): Promise<AgentReport> {
  const config = await loadSoundSecret(options);
  return await withAgentSession(options, async (session) => {
    const { gateway } = session;
    const { namespace, name, operator = "unknown", replace } = options;
    await approve(gateway, config, options);
    const settings = { ...options.settings, namespace, name };
    const run = newRunId(new Date());
    const before = await readDaemonSet(gateway, options);
    const present = await readPresent(gateway, namespace, before && revisionOf(before));
    const files = revisionFiles(config, { run, target: settings.target, replace, operator });
    for (const object of agentSurroundings(settings)) await applyObject(gateway, object);
    const { revision, isNew } = await ensureRevision(
      gateway,
      { namespace, name, run },
      { files, present },
    );
    const waves = await planWaves(session, options, before === undefined);
    const isOurs = before !== undefined && isAgent(before, name);
    await applyObject(gateway, daemonSet(settings, { revision, mode: "keep" }), { isOurs });
    const waited = await inWaves(session, options, waves);
    await pruneRevisions(gateway, options, [revision, present?.name]);
    return { ...session.facts(), operation: "install", revision, isNew, items: waited.items };
  });
}

async function approve(
  gateway: Gateway,
  config: LoadedConfig,
  { settings, confirm }: AgentInstallOptions,
): Promise<void> {
  // The nodes are listed for a question alone: most installs have none.
  if (!config.ambient || confirm === undefined) return;
  const nodes = (await agentNodes(gateway, settings.nodeSelector)).map(({ name }) => name);
  await approveAmbient(config, nodes.length, () => confirm({ source: config.source, nodes }));
}

type Waves = readonly Awaited<ReturnType<typeof agentNodes>>[];

/** The waves that are left after the one that comes with the DaemonSet; their nodes wait. */
async function planWaves(
  { gateway }: AgentSession,
  { settings, waves }: AgentInstallOptions,
  isFirst: boolean,
): Promise<Waves> {
  const nodes = await agentNodes(gateway, settings.nodeSelector);
  if (isFirst && waves !== undefined) {
    const [, ...later] = splitWaves(nodes, waves);
    await labelWaiting(gateway, later.flat(), true);
    return later;
  }
  // An install that was stopped left them waiting.
  const waiting = nodes.filter(({ labels }) => WAIT_LABEL in labels);
  if (waiting.length === 0) return [];
  return waves === undefined ? [waiting] : splitWaves(waiting, waves);
}

/** One wave after another; the first that does not get ready keeps the others waiting. */
async function inWaves(
  session: AgentSession,
  options: AgentInstallOptions,
  waves: Waves,
): Promise<AgentWait> {
  let waited = await awaitAgent(session, options, options.timeoutMs);
  for (const [at, nodes] of waves.entries()) {
    if (!waited.isReady || options.signal.aborted) break;
    options.report({
      type: "wave-started",
      wave: at + 2,
      of: waves.length + 1,
      nodes: nodes.map(({ name }) => name),
    });
    await labelWaiting(session.gateway, nodes, false);
    waited = await awaitAgent(session, options, options.timeoutMs);
  }
  return waited;
}
