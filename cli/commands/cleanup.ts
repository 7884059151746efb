import { cleanup } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { kubectlOptions } from "../options/engine-options.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast cleanup`: test pods of crashed runs. */
export async function cleanupCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const namespace = options.text("namespace");
  const report = await cleanup({
    kubectl: kubectlOptions(options),
    signal: context.signal,
    report: context.report,
    ...(namespace === undefined ? {} : { namespace }),
  });
  await context.present([report]);
  return { interrupted: report.interrupted, pods: report.items };
}
