import { secretWatch } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { judgeOptions, registryAccess } from "../../options/engine-options.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import { keepOptions, namedSource } from "../../options/watch-options.ts";
import { runWatch } from "../../watch/run-watch.ts";
import type { CommandContext } from "../command.ts";

/** `pullcast secret watch`: keeps the Secret in all namespaces, until it is stopped. */
export async function secretWatchCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const { options } = args;
  const run = {
    ...secretRunOptions(context),
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...keepOptions(options),
    source: namedSource(options, host),
    replace: options.on("replace"),
  };
  return await runWatch(context, (sinks) => secretWatch({ ...run, ...sinks }));
}
