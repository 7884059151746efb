import { performance } from "node:perf_hooks";
import { findAlwaysPull } from "../cluster/always-pull.ts";
import { openGateway } from "../cluster/gateway.ts";
import { PullcastError } from "../errors.ts";
import type { Report } from "../events.ts";
import { BlobCache } from "../images/blob-cache.ts";
import type { FrozenImage } from "../images/frozen-image.ts";
import type { NodeReport, PreloadItem, Target } from "../model.ts";
import { FailureLimit } from "../rollout/failure-limit.ts";
import { createTransport } from "../transport/create-transport.ts";
import { createHostResolver, type HostResolver } from "../transport/resolve-host.ts";
import { Rate } from "../util/rate.ts";
import { nodeRequest } from "./deliver.ts";
import { refusedReport, skippedReport } from "./node-report.ts";
import type { NodeJob } from "./node-try.ts";
import { withPasswordTrial } from "./password-trial.ts";
import { freezeImages } from "./preload/freeze-images.ts";
import { loadNode } from "./preload/load-node.ts";
import type { PreloadOptions, PreloadReport } from "./preload/model.ts";
import { platformsOf } from "./preload/node-platform.ts";
import { PreloadBook } from "./preload/preload-book.ts";
import { proveStarts } from "./preload/prove-starts.ts";
import { pullByPods } from "./preload/pull-by-pods.ts";
import { SendMeter } from "./preload/send-meter.ts";
import { newRunId } from "./run-id.ts";
import { runOnNodes } from "./run-on-nodes.ts";
import { announceTargets, type SelectedTargets, selectTargets } from "./select-targets.ts";
import { allowedFailures, plannedWaves, planWaves, shapeOf } from "./waves/plan-waves.ts";
import { type RollOutOutcome, rollOut, type WaveWork } from "./waves/roll-out.ts";

/**
 * Brings images to all selected nodes over SSH, with nothing installed there: only layers that a node lacks, each read
 * from its registry once. What a tag means is asked once, for all nodes.
 *
 * @returns an item for each node and image: a node's failure is a value
 * @throws {PullcastError} PC001 (a proof without a cluster), PC701 (no reference), PC710 to PC712, PC717, PC718 (the
 *   image can't be read), PC6xx (the source), PC1xx where nothing can be selected, PC2xx where keys or known_hosts are
 *   unusable
 */
export async function preload(options: PreloadOptions): Promise<PreloadReport> {
  const startedAt = new Date();
  const began = performance.now();
  const run = newRunId(startedAt);
  const resolver = createHostResolver(options.ssh);
  const cache = new BlobCache(options.cacheDir);
  const [images, selected] = await Promise.all([
    freezeImages(options, cache),
    selectTargets({
      kubectl: options.kubectl,
      selection: options.selection,
      purpose: "reach",
      force: options.force,
      signal: options.signal,
      sshHostKnown: resolver.isConfigured,
      nodeCheck: options.nodeCheck,
    }),
  ]);
  announceTargets(options, {
    ...{ operation: "preload", run, selected },
    ...plannedWaves(selected.targets, options.waves),
  });
  const { items, left, outcome } = await work(options, { run, images, selected, resolver });
  return {
    kind: "PreloadReport",
    run,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(selected.context === undefined ? {} : { context: selected.context.name }),
    ...(options.dryRun ? { dryRun: true } : {}),
    interrupted: options.signal.aborted,
    fetchedBytes: cache.fetchedBytes,
    ...(left.length === 0 ? {} : { left }),
    ...(outcome.waves.length < 2 ? {} : { waves: outcome.waves }),
    ...(outcome.stopped === undefined ? {} : { stopped: outcome.stopped }),
    items,
  };
}

interface Work {
  readonly run: string;
  readonly images: readonly FrozenImage[];
  readonly selected: SelectedTargets;
  readonly resolver: HostResolver;
}

interface Worked extends Pick<PreloadReport, "items"> {
  readonly left: NonNullable<PreloadReport["left"]>;
  readonly outcome: RollOutOutcome;
}

async function work(
  options: PreloadOptions,
  { run, images, selected, resolver }: Work,
): Promise<Worked> {
  const { targets } = selected;
  const transport = withPasswordTrial(await createTransport(options.ssh, resolver), options.become);
  for (const notice of await resolver.prepare()) options.report({ type: "notice", notice });
  const book = new PreloadBook(images, targets);
  const { waves: wished = {} } = options;
  const failures = new FailureLimit<string>(allowedFailures(targets, wished));
  const report: Report = (event) => {
    if (event.type !== "node-finished") return options.report(event);
    for (const item of book.itemsOf(event.report)) options.report({ type: "image-finished", item });
  };
  const isProven = options.proof !== undefined && !options.dryRun;
  const workOn = async ({ targets: some, wave }: WaveWork, job: NodeJob) => {
    if (options.way === "pull" && !options.dryRun) {
      const contextNamespace = selected.context?.namespace;
      book.pulledBy(await pullByPods(some, { images, run, options, contextNamespace }));
    }
    const reports = await runOnNodes({
      ...{ ...options, transport, report, job, failures, wave },
      targets: some,
    });
    if (isProven) await proveWave(options, { run, selected, book, failures, reports });
    return reports;
  };
  try {
    const job = await loadJob(options, { run, images, selected, book, failures });
    const outcome = await rollOut({
      waves: planWaves(targets, shapeOf(wished)),
      ...{ failures, work: (wave) => workOn(wave, job), report, signal: options.signal },
      record: () => Promise.resolve(),
    });
    const others = [...selected.refused.map(refusedReport), ...selected.skipped.map(skippedReport)];
    const ends = targets.flatMap((target) => outcome.reports.get(target) ?? []);
    const items = [...ends, ...others].flatMap((one) => book.itemsOf(one));
    return { items, left: book.left, outcome };
  } finally {
    await transport.close();
  }
}

interface JobOptions extends Omit<Work, "resolver"> {
  readonly book: PreloadBook;
  readonly failures: FailureLimit<string>;
}

/** What is done on each node. */
async function loadJob(
  options: PreloadOptions,
  { run, images, selected, book, failures }: JobOptions,
): Promise<NodeJob> {
  const { total, perNode } = options.bandwidth ?? {};
  const shared = total === undefined ? [] : [new Rate(total)];
  const meter = new SendMeter(options.report, selected.targets.length);
  const platforms = platformsOf(selected.targets);
  const alwaysPull = await askAlwaysPull(options, selected);
  const met = new Set<string>();
  return (shell) => {
    const { name: node } = shell.target;
    const isAgain = met.has(node);
    met.add(node);
    return loadNode(shell, {
      ...options,
      // A link that was lost once may be lost again, and what is sent then goes on within a layer.
      way: isAgain && options.way === "auto" ? "ingest" : options.way,
      ...{ images, platforms },
      ...(alwaysPull === undefined ? {} : { alwaysPull }),
      rates: perNode === undefined ? shared : [...shared, new Rate(perNode)],
      request: (login) => nodeRequest(options, { run, ...login }),
      tell: (image, outcome) => {
        book.tell(node, image, outcome);
        if (outcome.result === "failed") failures.add(node);
      },
      onPlan: (image, missing) =>
        meter.lacks(node, image.name, book.sentBytes(node, image) + missing),
      onSent: (image, bytes) => {
        book.sent(node, image, bytes);
        meter.sent(bytes);
      },
      onLeft: (refs) => book.let(node, refs),
    });
  };
}

/** Nobody is kept from preloading because it can't be asked: then it isn't told. */
async function askAlwaysPull(
  { kubectl, signal }: PreloadOptions,
  { context }: SelectedTargets,
): Promise<boolean | undefined> {
  if (context === undefined) return undefined;
  try {
    const gateway = await openGateway(kubectl, signal);
    const found = await findAlwaysPull(gateway, context.namespace ?? "default").finally(() =>
      gateway.close(),
    );
    return found.alwaysPull;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PullcastError)) throw error;
    return undefined;
  }
}

/** A pod on each node of the wave, of each image that is there. */
async function proveWave(
  options: PreloadOptions,
  {
    run,
    selected,
    book,
    failures,
    reports,
  }: Omit<JobOptions, "images"> & { readonly reports: ReadonlyMap<Target, NodeReport> },
): Promise<void> {
  const { proof } = options;
  if (proof === undefined || options.signal.aborted) return;
  const items: PreloadItem[] = [...reports.values()].flatMap((one) => book.itemsOf(one));
  const proven = await proveStarts(items, {
    ...{ run, options, proof },
    targets: [...reports.keys()],
    contextNamespace: selected.context?.namespace,
  });
  for (const item of proven) {
    book.prove(item);
    if (item.starts === false) failures.add(item.node);
  }
}
