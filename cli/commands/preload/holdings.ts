import {
  type HoldingsOptions,
  type HoldingsReport,
  preloadPrune,
  preloadStatus,
} from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { nodeRunOptions } from "../../options/engine-options.ts";
import { setName } from "../../options/preload-options.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { countsText, toDocument } from "../../render/document.ts";
import { heldImages, heldNodes, renderHeldImages, renderHoldings } from "../../render/preload.ts";
import { formatDuration } from "../../render/time.ts";
import type { CommandContext } from "../command.ts";
import { printOutput } from "../print-output.ts";

/** `pullcast preload status`: what is held on nodes, and where it differs. */
export async function preloadStatusCommand(context: CommandContext): Promise<Ending> {
  const report = await present(context, preloadStatus);
  return {
    interrupted: report.interrupted,
    states: report.items.map(({ result }) => ({ state: STATES[result] ?? "unreachable" })),
  };
}

const STATES: Partial<
  Record<HoldingsReport["items"][number]["result"], "current" | "drifted" | "skipped">
> = {
  held: "current",
  none: "current",
  differs: "drifted",
  missing: "drifted",
  skipped: "skipped",
};

/** `pullcast preload list`: the images that are held, and on how many nodes. */
export async function preloadListCommand(context: CommandContext): Promise<Ending> {
  const report = await present(context, preloadStatus, {
    names: heldImages,
    text: renderHeldImages,
  });
  const nodes = report.items.filter(({ result }) => result !== "missing");
  return {
    interrupted: report.interrupted,
    nodes: nodes.map((item) => (item.result === "failed" ? item : { result: "read" as const })),
  };
}

/** `pullcast preload prune`: what no set holds may go. */
export async function preloadPruneCommand(context: CommandContext): Promise<Ending> {
  const report = await present(context, preloadPrune);
  return { interrupted: report.interrupted, nodes: report.items };
}

async function present(
  context: CommandContext,
  operation: (options: HoldingsOptions) => Promise<HoldingsReport>,
  { names, text } = { names: heldNodes, text: renderHoldings },
): Promise<HoldingsReport> {
  const { args, host, events } = context;
  const report = cleanDeep(
    await operation({ ...(await nodeRunOptions(args, context)), ...setName(args.options) }),
  );
  const document = toDocument([report]);
  events?.end(document);
  await printOutput(context, {
    document: () => document,
    names: () => names(report),
    text: (style) => text(report, style),
  });
  const { items, durationMs } = report;
  const counts = items.length === 0 ? "nothing" : countsText(items);
  host.stderr.write(`${counts} (${formatDuration(durationMs)})\n`);
  return report;
}
