import { agentManifests, agentSurroundings, daemonSet } from "../../deploy/manifests.ts";
import { revisionName, revisionSecret } from "../../deploy/revision.ts";
import { newRunId } from "../run-id.ts";
import { loadSoundSecret } from "../secret/load-sound.ts";
import type { AgentInstallOptions } from "./model.ts";
import { revisionFiles } from "./revisions.ts";

/**
 * What an install would apply, in its order.
 *
 * @throws {PullcastError} PC6xx where the source is unusable, PC168 where it is too large for a Secret
 */
export async function agentRender(
  options: Omit<AgentInstallOptions, "waves" | "timeoutMs"> & { readonly withSecret: boolean },
): Promise<object[]> {
  const config = await loadSoundSecret(options);
  const { namespace, name, operator = "unknown", replace } = options;
  const settings = { ...options.settings, namespace, name };
  const run = newRunId(new Date());
  const pods = { revision: revisionName(name, run), mode: "keep" } as const;
  if (!options.withSecret) return agentManifests(settings, pods);
  const files = revisionFiles(config, { run, target: settings.target, replace, operator });
  return [
    ...agentSurroundings(settings),
    revisionSecret({ namespace, name, run }, files),
    daemonSet(settings, pods),
  ];
}
