import { performance } from "node:perf_hooks";
import type { PlannedEvent } from "../events.ts";
import type { NodeReport, RunReport, Target } from "../model.ts";
import { composeRestart } from "../node/compose.ts";
import { createTransport } from "../transport/create-transport.ts";
import { createHostResolver, type HostResolver } from "../transport/resolve-host.ts";
import { annotateNodes, type RunWord } from "./annotate/annotate-nodes.ts";
import { holdCluster } from "./hold-cluster.ts";
import {
  isUnfinished,
  notAttemptedReport,
  plannedReport,
  refusedReport,
  skippedReport,
} from "./node-report.ts";
import { type NodeJob, type NodeLogin, oneProgram } from "./node-try.ts";
import type { NodeRunOptions, RestartOptions, WaveOptions } from "./options.ts";
import { withPasswordTrial } from "./password-trial.ts";
import { newRunId } from "./run-id.ts";
import { lastPushes, saveRun } from "./run-records.ts";
import { announceTargets, type SelectedTargets, selectTargets } from "./select-targets.ts";
import { plannedWaves } from "./waves/plan-waves.ts";
import type { RollOutOutcome } from "./waves/roll-out.ts";
import { type LiveJobs, workInWaves } from "./waves/work-in-waves.ts";

type DeliverOptions = NodeRunOptions & {
  readonly restart?: RestartOptions;
  readonly annotate?: boolean;
  readonly waves?: WaveOptions;
  readonly operator?: string;
  readonly pool?: string;
  /** How kubelets are restarted that a provider makes a restart of. @default 2 minutes to be Ready, one at a time */
  readonly dueRestart?: RestartOptions;
};

/** What came of a run that changes nodes. */
type DeliveryKind = "PushReport" | "RestoreReport" | "RollbackReport" | "RemoveReport";

/** Operations that tell of files to come: they are not for nodes where a file is the wrong way. */
const WRITES_NEW: ReadonlySet<PlannedEvent["operation"]> = new Set(["push", "plan", "diff"]);

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
  /** The job, once the run has a name; with what lets kubelets ask a provider where one delivers. */
  readonly job: (run: string) => NodeJob | (LiveJobs & { readonly deliver: NodeJob });
}

/** How long a node may take to be Ready after a restart that a provider makes due. */
const DUE_READY_MS = 120_000;

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
    purpose: WRITES_NEW.has(delivery.operation) ? "push" : "reach",
    force: options.force,
    signal: options.signal,
    sshHostKnown: resolver.isConfigured,
    nodeCheck: options.nodeCheck,
  });
  const plan = { run, delivery, selected, resolver };
  const planned = announce(options, plan);
  await delivery.approve?.(planned);
  const facts = {
    kind: delivery.kind,
    run,
    startedAt: startedAt.toISOString(),
    ...(selected.context === undefined ? {} : { context: selected.context.name }),
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    ...(delivery.dryRun === undefined ? {} : { dryRun: delivery.dryRun }),
  };
  const reportOf = (worked: Worked): RunReport<NodeReport, Kind> => ({
    ...facts,
    durationMs: Math.round(performance.now() - startedMs),
    interrupted: options.signal.aborted,
    ...(worked.waves.length < 2 && worked.stopped === undefined ? {} : { waves: worked.waves }),
    ...(worked.stopped === undefined ? {} : { stopped: worked.stopped }),
    items: [
      ...inOrder(selected.targets, worked.reports),
      ...selected.refused.map(refusedReport),
      ...selected.skipped.map(skippedReport),
    ],
  });
  const record = async (worked: Worked) => {
    if (delivery.dryRun === undefined)
      await keepRecord(options, reportOf(whole(worked)) as Parameters<typeof saveRun>[1]);
  };
  // A run that is killed between waves has not come to the others.
  const whole = (worked: Worked): Worked => ({
    ...worked,
    reports: new Map(
      selected.targets.map((target) => [
        target,
        worked.reports.get(target) ?? notAttemptedReport(target),
      ]),
    ),
  });
  const worked =
    delivery.dryRun === "client"
      ? { reports: wouldReports(selected), waves: [] }
      : await held(options, plan, () => work(options, plan, record));
  const reports = await annotated(options, { ...plan, worked: worked.reports, at: startedAt });
  const report = reportOf({ ...worked, reports });
  if (options.signal.aborted) {
    const unfinished = report.items.filter(isUnfinished).map((item) => item.node);
    options.report({ type: "interrupted", unfinished });
  }
  await record({ ...worked, reports });
  return report;
}

/** Work that changes nodes of a cluster has the cluster to itself. */
async function held<Result>(
  options: DeliverOptions,
  { run, delivery, selected }: Plan,
  job: () => Promise<Result>,
): Promise<Result> {
  if (delivery.dryRun !== undefined || selected.context === undefined) return await job();
  const release =
    options.hold === undefined ? await holdCluster({ ...options, run }) : await options.hold(run);
  try {
    return await job();
  } finally {
    await release();
  }
}

/** What came of the work on nodes. */
type Worked = Pick<RollOutOutcome, "reports" | "waves" | "stopped">;

/** Nodes end in any order; their reports stand as the nodes were listed. */
function inOrder(
  targets: readonly Target[],
  reports: ReadonlyMap<Target, NodeReport>,
): NodeReport[] {
  return targets.flatMap((target) => reports.get(target) ?? []);
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
  return announceTargets(options, {
    ...{ operation: delivery.operation, run, selected },
    ...(options.pool === undefined ? {} : { pool: options.pool }),
    ...(delivery.credentials === undefined ? {} : { credentials: delivery.credentials }),
    ...plannedWaves(selected.targets, options.waves),
  });
}

async function work(
  options: DeliverOptions,
  plan: Plan,
  record: (worked: Worked) => Promise<void>,
): Promise<Worked> {
  const transport = withPasswordTrial(
    await createTransport(options.ssh, plan.resolver),
    options.become,
  );
  for (const notice of await plan.resolver.prepare()) options.report({ type: "notice", notice });
  try {
    const { run, delivery } = plan;
    const isDry = delivery.dryRun !== undefined;
    const made = delivery.job(run);
    const { job, ...live } =
      typeof made === "function" ? { job: made } : { job: made.deliver, live: made };
    return await workInWaves({
      ...options,
      transport,
      run,
      targets: plan.selected.targets,
      job,
      ...live,
      ...(isDry ? { waves: undefined, restart: undefined } : {}),
      dueRestart: isDry ? undefined : (options.dueRestart ?? { readyMs: DUE_READY_MS }),
      lastPush: await lastPushes(options.stateDir, new Date()),
      contextNamespace: plan.selected.context?.namespace,
      restartJob: (restart) => restartJob(options, plan.run, restart),
      request: (login) => nodeRequest(options, { run: plan.run, ...login }),
      record,
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
  const changed = report.items.some(({ result }) => result !== "unchanged");
  if (options.recorded === "changes" && !changed) return;
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
