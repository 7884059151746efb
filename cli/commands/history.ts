import { history } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast history`: the runs that nodes remember. */
export async function historyCommand(context: CommandContext): Promise<Ending> {
  const nodeRun = await nodeRunOptions(context.args, context);
  const report = await history(nodeRun);
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items };
}
