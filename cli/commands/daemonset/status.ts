import { agentStatus } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { agentRunOptions } from "../../options/agent-options.ts";
import type { CommandContext } from "../command.ts";
import { presentAgent } from "./present.ts";

/** `pullcast agent status`: how the DaemonSet stands on each node. */
export async function agentStatusCommand(context: CommandContext): Promise<Ending> {
  const report = await agentStatus(agentRunOptions(context));
  await presentAgent(context, report);
  return {
    interrupted: report.interrupted,
    states: report.items.map(({ state }) => ({ state: state === "ready" ? "current" : "drifted" })),
  };
}
