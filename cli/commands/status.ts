import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions } from "../options/engine-options.ts";
import { parseDuration } from "../options/values.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast status`: in which state each node's file is. */
export async function statusCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const within = parseDuration("expires-within", options.text("expires-within") ?? "");
  const nodeRun = await nodeRunOptions(context.args, context);
  const { status } = await import("../../agent/index.ts");
  const report = await status({ ...nodeRun, expiresWithinMs: within });
  await context.present([report]);
  return { interrupted: report.interrupted, states: report.items };
}
