import type { AgentReport } from "../../../agent/index.ts";
import { readyNodes, renderAgent, renderAgentSummary } from "../../render/agent.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { toDocument } from "../../render/document.ts";
import type { CommandContext } from "../command.ts";
import { printOutput } from "../print-output.ts";

/** Prints how the DaemonSet stands: the report on standard output, the summary on standard error. */
export async function presentAgent(context: CommandContext, raw: AgentReport): Promise<void> {
  const report = cleanDeep(raw);
  await printOutput(context, {
    document: () => toDocument([report]),
    names: () => readyNodes(report),
    text: (style) => renderAgent(report, style),
  });
  for (const line of renderAgentSummary(report)) context.host.stderr.write(`${line}\n`);
}
