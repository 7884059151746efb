import { agentUninstall } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { agentRunOptions } from "../../options/agent-options.ts";
import { parseDuration } from "../../options/values.ts";
import type { CommandContext } from "../command.ts";
import { presentAgent } from "./present.ts";

/** `pullcast agent uninstall`: what stood on the nodes before, and no DaemonSet. */
export async function agentUninstallCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const report = await agentUninstall({
    ...agentRunOptions(context),
    keepFiles: options.on("keep-files"),
    timeoutMs: parseDuration("timeout", options.text("timeout") ?? ""),
  });
  await presentAgent(context, report);
  return {
    interrupted: report.interrupted,
    nodes: report.items.map(({ state }) => ({ result: state === "ready" ? "removed" : "failed" })),
  };
}
