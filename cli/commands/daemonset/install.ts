import { type AgentPlan, agentInstall } from "../../../agent/index.ts";
import { confirmPlaces } from "../../confirm-places.ts";
import type { Ending } from "../../exit-codes.ts";
import { agentRollout, agentRunOptions, agentSettings } from "../../options/agent-options.ts";
import { judgeOptions, registryAccess, some } from "../../options/engine-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import type { CommandContext } from "../command.ts";
import { presentAgent } from "./present.ts";

/** `pullcast agent install`: the DaemonSet, and each new revision of its credentials. */
export async function agentInstallCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const { options } = args;
  const run = {
    ...agentRunOptions(context),
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...agentRollout(options),
    ...some("operator", host.operator?.()),
    settings: agentSettings(options),
    replace: options.on("replace"),
    source: sourceOptions(options, host),
    ...(options.on("yes") ? {} : { confirm: confirmer(context) }),
  };
  const report = await agentInstall(run);
  await presentAgent(context, report);
  return {
    interrupted: report.interrupted,
    nodes: report.items.map(({ state }) => ({ result: RESULTS[state] })),
  };
}

function confirmer(context: CommandContext): (plan: AgentPlan) => Promise<boolean> {
  return ({ source, nodes }) => confirmPlaces(context, { source, what: "nodes", names: nodes });
}

/** What states mean for the exit code. */
const RESULTS = {
  ready: "updated",
  outdated: "failed",
  "not-ready": "failed",
  missing: "failed",
  waiting: "not-attempted",
} as const;
