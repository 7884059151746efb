import {
  type NodeStatus,
  type StatusReport,
  status,
  statusFromAnnotations,
  watchStatus,
} from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, runOptions } from "../options/engine-options.ts";
import { parseDuration } from "../options/values.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast status`: in which state each node's file is. */
export async function statusCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const interval = parseDuration("interval", options.text("interval") ?? "");
  if (options.given("interval") && !options.on("watch"))
    throw usageError("--interval needs --watch");
  const look = await looker(context);
  if (!options.on("watch")) {
    const report = await look(context);
    await context.present([report]);
    return { interrupted: report.interrupted, states: report.items };
  }
  const states = new Map<string, NodeStatus>();
  const rounds = watchStatus({
    intervalMs: interval,
    signal: context.signal,
    // Progress of later looks would only repeat the first one's.
    look: () => look(states.size === 0 ? context : { ...context, report: () => {} }),
  });
  for await (const report of rounds) {
    if (states.size > 0 && options.text("output") === "yaml") context.host.stdout.write("---\n");
    await context.present([report]);
    for (const item of report.items) states.set(item.uid ?? item.node, item);
  }
  return { interrupted: true, states: [...states.values()] };
}

type Look = (context: Pick<CommandContext, "report">) => Promise<StatusReport>;

/** Options of one look, read once: a password is asked for once, whatever is watched. */
async function looker(context: CommandContext): Promise<Look> {
  const { args } = context;
  const { options } = args;
  const expiresWithinMs = parseDuration("expires-within", options.text("expires-within") ?? "");
  if (options.on("from-annotations")) {
    for (const name of ["hosts", "hosts-from"]) {
      if (options.given(name))
        throw usageError(`--from-annotations asks a cluster, --${name} none`);
    }
    const run = await runOptions(args, context);
    return ({ report }) => statusFromAnnotations({ ...run, report, expiresWithinMs });
  }
  const nodeRun = await nodeRunOptions(args, context);
  return ({ report }) => status({ ...nodeRun, report, expiresWithinMs });
}
