import { agentWatch, watch } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { agentWatchOptions, watchOptions } from "../options/watch-options.ts";
import { runWatch } from "../watch/run-watch.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast watch`: keeps all nodes served, by SSH or by the DaemonSet's Secret, until it is stopped. */
export async function watchCommand(context: CommandContext): Promise<Ending> {
  if (context.args.options.text("deliver") === "secret") {
    const options = agentWatchOptions(context);
    return await runWatch(context, (sinks) => agentWatch({ ...options, ...sinks }));
  }
  const options = await watchOptions(context);
  return await runWatch(context, (sinks) => watch({ ...options, ...sinks }));
}
