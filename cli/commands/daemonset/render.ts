import { agentRender } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { agentRunOptions, agentSettings } from "../../options/agent-options.ts";
import { judgeOptions, registryAccess, some } from "../../options/engine-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { usageError } from "../../usage-error.ts";
import type { CommandContext } from "../command.ts";
import { writeManifests } from "../write-manifests.ts";

/** `pullcast render daemonset`: the manifests that an install would apply. */
export async function renderDaemonSetCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const { options } = args;
  const withSecret = !options.on("no-secret");
  if (withSecret && host.stdout.isTTY === true) {
    throw usageError(
      "the manifests hold the credentials, and this is a terminal",
      "send them on: pullcast render daemonset … | kubectl apply --server-side -f -, or give --no-secret",
    );
  }
  const objects = await agentRender({
    ...agentRunOptions(context),
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...some("operator", host.operator?.()),
    settings: agentSettings(options),
    replace: options.on("replace"),
    source: sourceOptions(options, host),
    withSecret,
  });
  await writeManifests(context, objects);
  return { interrupted: context.signal.aborted };
}
