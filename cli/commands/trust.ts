import { trust } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { runOptions, trustOptions } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast trust`: nodes' host keys, pinned as the API server shows them. */
export async function trustCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const keys = trustOptions(args.options, host);
  const run = await runOptions(args, context);
  const report = await trust({ ...run, ...keys });
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items };
}
