import { secretStatus } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import { parseDuration } from "../../options/values.ts";
import type { CommandContext } from "../command.ts";
import { presentSecretStatus } from "./present.ts";

/** `pullcast secret status`: in which state each namespace's Secret is. */
export async function secretStatusCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const expiresWithinMs = parseDuration("expires-within", options.text("expires-within") ?? "");
  const run = secretRunOptions(context);
  const report = await secretStatus({ ...run, expiresWithinMs });
  await presentSecretStatus(context, report);
  return { interrupted: report.interrupted, states: report.items };
}
