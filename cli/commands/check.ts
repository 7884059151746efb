import { check } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, registryAccess, some } from "../options/engine-options.ts";
import { sourceOptions } from "../options/source-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast check`: all that a push and a verify will meet. */
export async function checkCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const { options } = args;
  const source = sourceOptions(options, host);
  const nodeRun = await nodeRunOptions(args, context);
  const report = await check({
    ...nodeRun,
    ...registryAccess(options, host),
    ...some("image", options.text("image")),
    ...some("namespace", options.text("namespace")),
    source,
    templates: options.on("templates"),
  });
  await context.present([report]);
  return { interrupted: report.interrupted, checks: report.items };
}
