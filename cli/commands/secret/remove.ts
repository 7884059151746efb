import { secretRemove } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import type { CommandContext } from "../command.ts";
import { presentSecretReports } from "./present.ts";

/** `pullcast secret remove`: our Secrets out of namespaces, and their name out of ServiceAccounts. */
export async function secretRemoveCommand(context: CommandContext): Promise<Ending> {
  const run = secretRunOptions(context);
  const report = await secretRemove({ ...run, dryRun: context.args.options.on("dry-run") });
  await presentSecretReports(context, [report]);
  return { interrupted: report.interrupted, namespaces: report.items };
}
