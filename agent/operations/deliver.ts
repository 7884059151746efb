import { performance } from "node:perf_hooks";
import type { PlannedEvent } from "../events.ts";
import type { NodeReport, RunReport, Target } from "../model.ts";
import { composeRestart } from "../node/compose.ts";
import { createTransport } from "../transport/create-transport.ts";
import { createHostResolver, type HostResolver } from "../transport/resolve-host.ts";
import { annotateNodes, type RunWord } from "./annotate/annotate-nodes.ts";
import { isUnfinished, plannedReport, refusedReport, skippedReport } from "./node-report.ts";
import { type NodeJob, type NodeLogin, oneProgram } from "./node-try.ts";
import type { NodeRunOptions, RestartOptions } from "./options.ts";
import { withPasswordTrial } from "./password-trial.ts";
import { restartKubelets } from "./restart-kubelets.ts";
import { newRunId } from "./run-id.ts";
import { runOnNodes } from "./run-on-nodes.ts";
import { lastPushes, saveRun } from "./run-records.ts";
import { type SelectedTargets, selectTargets } from "./select-targets.ts";

type DeliverOptions = NodeRunOptions & {
  readonly restart?: RestartOptions;
  readonly annotate?: boolean;
};

/** What came of a run that changes nodes. */
type DeliveryKind = "PushReport" | "RestoreReport" | "RollbackReport" | "RemoveReport";

interface Delivery<Kind extends DeliveryKind> {
  readonly kind: Kind;
  readonly operation: PlannedEvent["operation"];
  readonly credentials?: PlannedEvent["credentials"];
  /** Called with the plan before anything is touched; throws to end the run. */
  readonly approve?: (plan: PlannedEvent) => Promise<void>;
  /** `client`: the plan is all; `server`: the job writes nothing, and no kubelet is restarted. */
  readonly dryRun?: "client" | "server" | undefined;
  /** What annotations of nodes tell of the run; absent for runs that change nothing. */
  readonly word?: RunWord;
  /** The job, once the run has a name. */
  readonly job: (run: string) => NodeJob;
}

/**
 * What push and restore share: select the nodes, run one job on each, restart kubelets where asked,
 * keep a record of the run on this machine.
 *
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function deliver<Kind extends DeliveryKind>(
  options: DeliverOptions,
  delivery: Delivery<Kind>,
): Promise<RunReport<NodeReport, Kind>> {
  const startedAt = new Date();
  const startedMs = performance.now();
  const run = newRunId(startedAt);
  const resolver = createHostResolver(options.ssh);
  const selected = await selectTargets({
    kubectl: options.kubectl,
    selection: options.selection,
    purpose: "push",
    signal: options.signal,
    sshHostKnown: resolver.isConfigured,
    nodeCheck: options.nodeCheck,
  });
  const plan = { run, delivery, selected, resolver };
  const planned = announce(options, plan);
  await delivery.approve?.(planned);
  const worked = delivery.dryRun === "client" ? wouldReports(selected) : await work(options, plan);
  const reports = await annotated(options, { ...plan, worked, at: startedAt });
  const items = [
    ...reports.values(),
    ...selected.refused.map(refusedReport),
    ...selected.skipped.map(skippedReport),
  ];
  if (options.signal.aborted) {
    const unfinished = items.filter(isUnfinished).map((item) => item.node);
    options.report({ type: "interrupted", unfinished });
  }
  const report: RunReport<NodeReport, Kind> = {
    kind: delivery.kind,
    run,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - startedMs),
    ...(selected.context === undefined ? {} : { context: selected.context.name }),
    interrupted: options.signal.aborted,
    ...(delivery.dryRun === undefined ? {} : { dryRun: delivery.dryRun }),
    items,
  };
  if (delivery.dryRun === undefined)
    await keepRecord(options, report as Parameters<typeof saveRun>[1]);
  return report;
}

/** The nodes' annotations follow what the run left there. */
async function annotated(
  options: DeliverOptions,
  run: Plan & { readonly worked: Map<Target, NodeReport>; readonly at: Date },
): Promise<Map<Target, NodeReport>> {
  const { word, dryRun } = run.delivery;
  if (word === undefined || dryRun !== undefined) return run.worked;
  const { kubectl, signal, annotate = false } = options;
  return await annotateNodes(run.worked, {
    kubectl,
    signal,
    run: run.run,
    at: run.at,
    word,
    all: annotate,
  });
}

/** What a plan that nobody looked at can tell: where the file would go. */
function wouldReports({ targets }: SelectedTargets): Map<Target, NodeReport> {
  return new Map(targets.map((target) => [target, plannedReport(target)]));
}

interface Plan {
  readonly run: string;
  readonly delivery: Delivery<DeliveryKind>;
  readonly selected: SelectedTargets;
  readonly resolver: HostResolver;
}

function announce(options: DeliverOptions, { run, delivery, selected }: Plan): PlannedEvent {
  const addressKinds: Record<string, number> = {};
  for (const { addressKind } of selected.targets) {
    addressKinds[addressKind] = (addressKinds[addressKind] ?? 0) + 1;
  }
  const planned: PlannedEvent = {
    type: "planned",
    operation: delivery.operation,
    run,
    ...(selected.context === undefined ? {} : { context: selected.context }),
    ...(delivery.credentials === undefined ? {} : { credentials: delivery.credentials }),
    addressKinds,
    targets: selected.targets,
    skipped: selected.skipped,
    concurrency: options.concurrency,
  };
  options.report(planned);
  for (const notice of selected.notices) options.report({ type: "notice", notice });
  return planned;
}

async function work(options: DeliverOptions, plan: Plan): Promise<Map<Target, NodeReport>> {
  const transport = withPasswordTrial(await createTransport(options.ssh, plan.resolver));
  for (const notice of await plan.resolver.prepare()) options.report({ type: "notice", notice });
  try {
    const reports = await runOnNodes({
      transport,
      targets: plan.selected.targets,
      concurrency: options.concurrency,
      job: plan.delivery.job(plan.run),
      signal: options.signal,
      report: options.report,
      breaker: options.breaker ?? true,
      lastPush: await lastPushes(options.stateDir, new Date()),
      approveHostKeys: options.approveHostKeys,
    });
    if (options.restart === undefined || plan.delivery.dryRun !== undefined) return reports;
    return await restartKubelets({
      transport,
      kubectl: options.kubectl,
      reports,
      restart: options.restart,
      job: restartJob(options, plan.run, options.restart),
      signal: options.signal,
      report: options.report,
    });
  } finally {
    await transport.close();
  }
}

function restartJob(options: NodeRunOptions, run: string, { command }: RestartOptions): NodeJob {
  return oneProgram((login) =>
    composeRestart({
      ...nodeRequest(options, { run, ...login }),
      ...(command === undefined ? {} : { restartCommand: command }),
    }),
  );
}

/** What every program on a node is told. */
export function nodeRequest(
  options: NodeRunOptions,
  { run, user, nonce, target }: NodeLogin & { readonly run: string },
) {
  const { machineId = "", systemUuid = "" } =
    options.nodeCheck === false ? {} : (target.node ?? {});
  return {
    user,
    run,
    nonce,
    replace: options.replace,
    ...(options.become === undefined ? {} : { become: options.become }),
    ...(options.path === undefined ? {} : { dir: options.path }),
    ...(machineId === "" ? {} : { machineId }),
    ...(systemUuid === "" ? {} : { systemUuid }),
  };
}

/** The record helps a later verify; a full disk here must not hide what happened on the nodes. */
async function keepRecord(
  options: DeliverOptions,
  report: Parameters<typeof saveRun>[1],
): Promise<void> {
  try {
    await saveRun(options.stateDir, report);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    options.report({
      type: "notice",
      notice: { code: "PC003", message: `the run's record could not be kept: ${reason}` },
    });
  }
}
