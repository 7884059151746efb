import { push } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { pushOptions } from "../options/push-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast diff`: what a push would change on each node. */
export async function diffCommand(context: CommandContext): Promise<Ending> {
  const options = await pushOptions(context);
  const report = await push({ ...options, dryRun: "server", fingerprints: false });
  await context.present([report]);
  return { interrupted: report.interrupted, nodes: report.items, compares: true };
}
