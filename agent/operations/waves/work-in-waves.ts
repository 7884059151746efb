import { describeCode } from "../../errors.ts";
import type { NodeReport, Notice, PullReport, Target } from "../../model.ts";
import { FailureLimit } from "../../rollout/failure-limit.ts";
import type { Transport } from "../../transport/transport.ts";
import { isFailed } from "../is-failed.ts";
import type { RequestOf } from "../merge/look-and-write.ts";
import type { NodeJob } from "../node-try.ts";
import type { NodeRunOptions, RestartOptions, WaveOptions } from "../options.ts";
import { isProviderDue, restartKubelets } from "../restart-kubelets.ts";
import { runOnNodes } from "../run-on-nodes.ts";
import type { KnownPushes } from "../run-records.ts";
import { type PreparedProof, prepareProof, proveTargets } from "../verify.ts";
import { allowedFailures, planWaves, shapeOf } from "./plan-waves.ts";
import { type RollOutOutcome, rollOut, type WaveWork } from "./roll-out.ts";
import { type UndoOptions, undoJob } from "./undo.ts";

/** What a push by a provider does besides its job. */
export interface LiveJobs {
  readonly switchOn: NodeJob;
  /** Makes it last. */
  readonly settle: NodeJob;
  readonly takeBack: NodeJob;
  /** In place of the undoing of a file. */
  undo(run: Omit<UndoOptions, "request">): NodeJob;
}

interface WorkOptions extends NodeRunOptions {
  readonly transport: Transport;
  readonly run: string;
  readonly targets: readonly Target[];
  readonly job: NodeJob;
  readonly restart?: RestartOptions | undefined;
  readonly restartJob: (restart: RestartOptions) => NodeJob;
  readonly live?: LiveJobs;
  /** For kubelets that a provider makes a restart of. */
  readonly dueRestart: RestartOptions | undefined;
  readonly waves?: WaveOptions | undefined;
  readonly lastPush: KnownPushes;
  readonly contextNamespace: string | undefined;
  readonly request: RequestOf;
  /** For people; in the story of a node that is rolled back. */
  readonly operator?: string;
  /** Keeps what is known after each wave: a later proof and a later run ask for it. */
  readonly record: (worked: RollOutOutcome) => Promise<void>;
}

/**
 * Does a run's job on all nodes, wave by wave, each wave with its restarts and its proof, and undoes it where that is
 * wanted and too many nodes fail.
 */
export async function workInWaves(options: WorkOptions): Promise<RollOutOutcome> {
  const { targets, signal, report, waves: wished = {} } = options;
  const waves = planWaves(targets, shapeOf(wished));
  const failures = new FailureLimit<string>(allowedFailures(targets, wished));
  const proof =
    wished.proof === undefined ? undefined : await prepareProof({ ...options, ...wished.proof });
  const outcome = await rollOut({
    waves,
    failures,
    work: (wave) => oneWave(wave, { options, failures, proof }),
    record: options.record,
    mayGoOn: async (pause) => {
      const { pauseAfter, mayGoOn } = wished;
      if (pauseAfter !== "each" && pauseAfter !== pause.ended.wave) return true;
      return (await mayGoOn?.(pause)) ?? false;
    },
    signal,
    report,
  });
  const { stopped } = outcome;
  if (wished.onFailure !== "rollback" || stopped?.code !== "PC140") return outcome;
  return { ...outcome, reports: await undo(outcome.reports, stopped, options) };
}

interface OneWave {
  readonly options: WorkOptions;
  readonly failures: FailureLimit<string>;
  readonly proof: PreparedProof | undefined;
}

async function oneWave(
  { targets, wave, record }: WaveWork,
  { options, failures, proof }: OneWave,
): Promise<Map<Target, NodeReport>> {
  const reports = await runOnNodes({ ...options, targets, wave, failures });
  const restarted = await restart(reports, options);
  for (const [target, end] of restarted) {
    if (end.result === "unknown" || isFailed(end)) failures.add(target.name);
  }
  if (proof === undefined || failures.exceeded || options.signal.aborted) return restarted;
  // The proof asks this machine's records by when what was sent is in force.
  await record(restarted);
  const proven = await prove(restarted, { ...options, proof });
  for (const [target, { result }] of proven) if (result === "failed") failures.add(target.name);
  return proven;
}

/** Restarts that a provider makes due, then those that are wanted. */
async function restart(
  reports: Map<Target, NodeReport>,
  { restart: wanted, dueRestart, restartJob, live, ...options }: WorkOptions,
): Promise<Map<Target, NodeReport>> {
  const { transport, kubectl, targets, signal, report } = options;
  // Field by field: an option of the run by the name of one of a restart's must not become it.
  const run = { transport, kubectl, targets, signal, report };
  let told = reports;
  if (dueRestart !== undefined) {
    const { switchOn: job = restartJob(dueRestart), settle, takeBack } = live ?? {};
    told = await restartKubelets({
      ...run,
      ...(settle === undefined ? {} : { settle }),
      ...(takeBack === undefined ? {} : { takeBack }),
      reports: told,
      restart: dueRestart,
      isDue: isProviderDue,
      job,
    });
  }
  if (wanted === undefined) return told;
  return await restartKubelets({
    ...run,
    reports: told,
    restart: wanted,
    job: restartJob(wanted),
  });
}

/** A pull on each node of the wave that has the file; a node that can't is failed. */
async function prove(
  reports: ReadonlyMap<Target, NodeReport>,
  options: WorkOptions & { readonly proof: PreparedProof },
): Promise<Map<Target, NodeReport>> {
  const told = new Map(reports);
  const served = [...reports].filter(
    ([, { result }]) => result === "updated" || result === "unchanged",
  );
  const { waves, contextNamespace } = options;
  if (waves?.proof === undefined || served.length === 0) return told;
  const targets = served.map(([target]) => target);
  const pulls = await proveTargets(
    targets,
    { ...options, ...waves.proof },
    {
      ...options.proof,
      run: options.run,
      startedAt: new Date(),
      ...(contextNamespace === undefined ? {} : { contextNamespace }),
    },
  );
  for (const [index, [target, report]] of served.entries()) {
    const pull = pulls[index];
    if (pull !== undefined) told.set(target, withPull(report, pull));
  }
  return told;
}

function withPull(report: NodeReport, pull: PullReport): NodeReport {
  const { result, durationMs, code, message, fix, warnings = [] } = pull;
  const told = { ...report, pull: { result, durationMs } };
  const all = [...(report.warnings ?? []), ...warnings];
  const noted = all.length === 0 ? told : { ...told, warnings: all };
  if (result === "pulled" || result === "not-attempted") return noted;
  return {
    ...noted,
    result: "failed",
    phase: "verify",
    code: code ?? "PC540",
    message: `${message ?? result}; the file is in place`,
    ...(fix === undefined ? {} : { fix }),
  };
}

/** Results of a run that may have changed its node. */
function mayHaveChanged({ result, phase }: NodeReport): boolean {
  return (
    result === "updated" ||
    result === "unknown" ||
    (result === "restored" && phase === "restart") ||
    (result === "failed" && (phase === "restart" || phase === "verify"))
  );
}

/** Undoes the run on all nodes that it changed, and makes their kubelets read what is back where it had done so. */
async function undo(
  reports: ReadonlyMap<Target, NodeReport>,
  cause: Notice,
  options: WorkOptions,
): Promise<Map<Target, NodeReport>> {
  const told = new Map(reports);
  const targets = [...reports].flatMap(([target, report]) =>
    mayHaveChanged(report) ? [target] : [],
  );
  if (targets.length === 0 || options.signal.aborted) return told;
  const { request, run, report, operator = "unknown", live, ...rest } = options;
  report({ type: "rolling-back", nodes: targets.map(({ name }) => name), cause });
  // Told as what became of the whole run on the node, when that is known.
  const quiet = { ...options, report: () => undefined };
  const own = { run, now: new Date(), operator };
  const undone = await runOnNodes({
    ...quiet,
    targets,
    breaker: false,
    job: live?.undo(own) ?? undoJob({ ...own, request }),
  });
  // What was switched on is gone: a plain restart makes the kubelet forget it.
  const ended = await restart(undone, { ...rest, request, run, report });
  for (const [target, end] of ended) {
    const before = told.get(target);
    if (before === undefined) continue;
    const after = afterUndo(before, end, cause);
    told.set(target, after);
    report({ type: "node-finished", report: after });
  }
  return told;
}

const IS_BACK: ReadonlySet<NodeReport["result"]> = new Set([
  "updated",
  "unchanged",
  "restored",
  "removed",
]);

/** The report of a node after its undoing: it keeps the cause of its own failure. */
function afterUndo(before: NodeReport, end: NodeReport, cause: Notice): NodeReport {
  const { effectiveBy: _sent, restarted: _before, provider: _tried, ...report } = before;
  if (!IS_BACK.has(end.result)) {
    const { title } = describeCode("PC146");
    const message = `${title}: ${end.message ?? end.result}`;
    return { ...before, warnings: [...(before.warnings ?? []), { code: "PC146", message }] };
  }
  const own = report.code !== undefined && report.message !== undefined;
  const { title, fix } = describeCode("PC145");
  return {
    ...report,
    result: "rolled-back",
    ...(own
      ? { message: report.message?.replace(/; the file is in place$/, "") ?? "" }
      : { code: "PC145", message: `${title}: ${cause.message}`, fix }),
    ...(end.effectiveBy === undefined ? {} : { effectiveBy: end.effectiveBy }),
    ...(end.restarted === undefined ? {} : { restarted: end.restarted }),
    ...(end.provider === undefined ? {} : { provider: end.provider }),
  };
}
