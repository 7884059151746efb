import { type SecretPlanReport, secretPlan } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { registryAccess } from "../../options/engine-options.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import { namesSource, sourceOptions } from "../../options/source-options.ts";
import { renderPatches } from "../../render/secret/plan.ts";
import type { CommandContext } from "../command.ts";
import { presentSecretPlan } from "./present.ts";

/** `pullcast secret plan`: what serves each workload's pulls, and what would break without it. */
export async function secretPlanCommand(context: CommandContext): Promise<Ending> {
  const report = await look(context);
  await presentSecretPlan(context, report);
  return { interrupted: report.interrupted };
}

/** `pullcast secret patch-workloads`: the lines that workloads need whose pods don't get the Secret. */
export async function secretPatchCommand(context: CommandContext): Promise<Ending> {
  const report = await look(context);
  context.host.stdout.write(await renderPatches(report));
  const count = report.items.filter(({ needs }) => needs).length;
  context.host.stderr.write(`${count} of ${report.items.length} workloads need ${report.name}\n`);
  return { interrupted: report.interrupted };
}

async function look(context: CommandContext): Promise<SecretPlanReport> {
  const { options } = context.args;
  const { accounts: _all, ...run } = secretRunOptions(context);
  return await secretPlan({
    ...run,
    ...registryAccess(options, context.host),
    ...(namesSource(options) ? { source: sourceOptions(options, context.host) } : {}),
  });
}
