import { type SecretPlan, type SecretReport, secretApply } from "../../../agent/index.ts";
import { confirmPlaces } from "../../confirm-places.ts";
import type { Ending } from "../../exit-codes.ts";
import { judgeOptions, registryAccess } from "../../options/engine-options.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import type { CommandContext } from "../command.ts";
import { groupRuns } from "./groups.ts";
import { presentSecretReports } from "./present.ts";

/** `pullcast secret apply`: credentials into Secrets, and their name into ServiceAccounts. */
export function secretApplyCommand(context: CommandContext): Promise<Ending> {
  return applySecrets(context, { dryRun: context.args.options.on("dry-run") });
}

/** Applies, or asks what would come of it, and presents that; with a file, one group after the other. */
export async function applySecrets(
  context: CommandContext,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Ending> {
  const reports: SecretReport[] = [];
  try {
    for (const { group, args } of await groupRuns(context)) {
      const report = await applyOnce({ ...context, args }, dryRun);
      reports.push(group === undefined ? report : { ...report, group });
    }
  } finally {
    // What was done is told whatever became of the rest.
    if (reports.length > 0) await presentSecretReports(context, reports);
  }
  return {
    interrupted: reports.some(({ interrupted }) => interrupted),
    namespaces: reports.flatMap(({ items }) => items),
  };
}

async function applyOnce(context: CommandContext, dryRun: boolean): Promise<SecretReport> {
  const { host, args } = context;
  const { options } = args;
  const run = secretRunOptions(context);
  const source = sourceOptions(options, host);
  return await secretApply({
    ...run,
    ...judgeOptions(options),
    ...registryAccess(options, host),
    source,
    dryRun,
    replace: options.on("replace"),
    ...(options.on("yes") ? {} : { confirm: confirmer(context) }),
  });
}

function confirmer(context: CommandContext): (plan: SecretPlan) => Promise<boolean> {
  return ({ source, namespaces }) =>
    confirmPlaces(context, { source, what: "namespaces", names: namespaces });
}
