import { restore } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, restartOptions, some } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast restore`: what was there before push. */
export async function restoreCommand(context: CommandContext): Promise<Ending> {
  const restart = restartOptions(context.args.options);
  const nodeRun = await nodeRunOptions(context.args, context);
  const report = await restore({
    ...nodeRun,
    ...some("operator", context.host.operator?.()),
    ...some("restart", restart),
  });
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items };
}
