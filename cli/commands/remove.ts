import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, restartOptions, some } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast remove`: takes our entries off nodes. */
export async function removeCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const restart = restartOptions(args.options);
  const nodeRun = await nodeRunOptions(args, context);
  const { remove } = await import("../../agent/index.ts");
  const report = await remove({
    ...nodeRun,
    registries: args.options.list("registry"),
    ...some("operator", host.operator?.()),
    ...some("restart", restart),
  });
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items };
}
