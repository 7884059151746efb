import { rollback } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, restartOptions, some } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast rollback`: what an earlier run left. */
export async function rollbackCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const restart = restartOptions(args.options);
  const nodeRun = await nodeRunOptions(args, context);
  const report = await rollback({
    ...nodeRun,
    ...some("to", args.options.text("to")),
    ...some("operator", host.operator?.()),
    ...some("restart", restart),
  });
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items };
}
