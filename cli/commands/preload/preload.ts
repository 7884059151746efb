import { type PreloadOptions, preload } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { nodeRunOptions, registryAccess } from "../../options/engine-options.ts";
import type { OptionValues } from "../../options/parse-argv.ts";
import { bandwidth, cacheDir, diskLimit, setName } from "../../options/preload-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { parseDuration } from "../../options/values.ts";
import { waveOptions } from "../../options/wave-options.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { toDocument } from "../../render/document.ts";
import { preloadedNodes, renderPreload, renderPreloadSummary } from "../../render/preload.ts";
import { usageError } from "../../usage-error.ts";
import type { CommandContext } from "../command.ts";
import { printOutput } from "../print-output.ts";
import { imagesAndNodes, imagesFrom } from "./options.ts";

function needCluster(options: OptionValues, what: string): void {
  if (options.given("hosts") || options.given("hosts-from"))
    throw usageError(`${what} starts pods: --hosts has no cluster`);
}

function startProof(options: OptionValues): NonNullable<PreloadOptions["proof"]> {
  needCluster(options, "--verify");
  const namespace = options.text("namespace");
  return {
    ...(namespace === undefined ? {} : { namespace }),
    timeoutMs: parseDuration("timeout", options.text("timeout") ?? ""),
  };
}

function wayOf(options: OptionValues): PreloadOptions["way"] {
  const way = (options.text("way") ?? "auto") as PreloadOptions["way"];
  if (way === "pull") needCluster(options, "--way pull");
  return way;
}

/** `pullcast preload`: images on all nodes, over SSH. */
export async function preloadCommand(context: CommandContext): Promise<Ending> {
  const { args, host, events } = context;
  const { options } = args;
  const { images, nodes } = imagesAndNodes(args);
  const waves = waveOptions(options, undefined);
  const run = {
    ...(await nodeRunOptions(nodes, context)),
    ...registryAccess(options, host),
    images,
    ...imagesFrom(options, host),
    source: sourceOptions(options, host),
    dryRun: options.on("dry-run"),
    ...(options.on("verify") ? { proof: startProof(options) } : {}),
    way: wayOf(options),
    pin: !options.on("no-pin"),
    ...setName(options),
    ...diskLimit(options),
    ...bandwidth(options),
    ...(waves === undefined ? {} : { waves }),
    layerMs: parseDuration("layer-timeout", options.text("layer-timeout") ?? ""),
    cacheDir: cacheDir(options, host),
  };
  const report = cleanDeep(await preload(run));
  const document = toDocument([report]);
  events?.end(document);
  await printOutput(context, {
    document: () => document,
    names: () => preloadedNodes(report),
    text: (style) => renderPreload(report, style),
  });
  for (const line of renderPreloadSummary(report)) host.stderr.write(`${line}\n`);
  return { interrupted: report.interrupted, nodes: report.items };
}
