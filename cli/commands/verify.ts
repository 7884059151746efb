import { verify } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { proofOptions, runOptions } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast verify`: one test pod per node. */
export async function verifyCommand(context: CommandContext): Promise<Ending> {
  const proof = proofOptions(context.args.options, context.host);
  const run = await runOptions(context.args, context);
  const report = await verify({ ...run, ...proof });
  await context.present([report]);
  return { interrupted: report.interrupted, pulls: report.items };
}
