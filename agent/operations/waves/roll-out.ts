import { performance } from "node:perf_hooks";
import { describeCode } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { NodeReport, Notice, Target, WavePause, WaveReport } from "../../model.ts";
import type { FailureLimit } from "../../rollout/failure-limit.ts";
import { notAttemptedReport } from "../node-report.ts";

/** What a wave's work is given. */
export interface WaveWork {
  readonly targets: readonly Target[];
  /** From 1. */
  readonly wave: number;
  /** Keeps what is known before the wave has ended. */
  readonly record: (reports: ReadonlyMap<Target, NodeReport>) => Promise<void>;
}

export interface RollOutOptions {
  readonly waves: readonly (readonly Target[])[];
  /** Reports of failed nodes are put there by the work as they come; it is asked between waves. */
  readonly failures: FailureLimit<string>;
  /** All that is done on the nodes of one wave. */
  readonly work: (wave: WaveWork) => Promise<ReadonlyMap<Target, NodeReport>>;
  /** Keeps what is known so far: a run that is killed may be gone on with. */
  readonly record: (outcome: RollOutOutcome) => Promise<void>;
  /** Whether to go on after a wave that was to be the last for now. @default yes */
  readonly mayGoOn?: (pause: WavePause) => Promise<boolean>;
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface RollOutOutcome {
  readonly reports: Map<Target, NodeReport>;
  readonly waves: readonly WaveReport[];
  /** Why the waves that are left were not begun; absent where all were, and after an abort. */
  readonly stopped?: Notice;
}

/**
 * Does one wave after another, until all are done, too many nodes have failed, the user stops or wants a pause.
 *
 * @returns a report for each node, those of waves that were not begun too
 */
export async function rollOut(options: RollOutOptions): Promise<RollOutOutcome> {
  const { waves, failures, signal } = options;
  const reports = new Map<Target, NodeReport>();
  const done: WaveReport[] = [];
  let stopped: Notice | undefined;
  const record = (more: ReadonlyMap<Target, NodeReport> = new Map()) =>
    options.record({ reports: new Map([...reports, ...more]), waves: done });
  if (waves.length > 1) await record();
  for (const [index, targets] of waves.entries()) {
    const wave = index + 1;
    if (signal.aborted || stopped !== undefined) {
      for (const target of targets)
        reports.set(target, notBegun(target, { wave, stopped, options }));
      continue;
    }
    const told = await oneWave({ targets, wave, record }, { options, reports });
    done.push(told);
    if (wave < waves.length) await record();
    if (failures.exceeded) stopped = tooMany(failures, wave);
    else if (wave < waves.length && (await mayGoOn(options, told)) === false) {
      const { title } = describeCode("PC141");
      stopped = { code: "PC141", message: `${title}: after wave ${wave} of ${waves.length}` };
    }
  }
  return { reports, waves: done, ...(stopped === undefined ? {} : { stopped }) };
}

async function mayGoOn({ waves, mayGoOn: ask }: RollOutOptions, ended: WaveReport) {
  return await ask?.({ ended, nextNodes: waves[ended.wave]?.length ?? 0, of: waves.length });
}

async function oneWave(
  { targets, wave, record }: WaveWork,
  {
    options,
    reports,
  }: { readonly options: RollOutOptions; readonly reports: Map<Target, NodeReport> },
): Promise<WaveReport> {
  const { report, failures } = options;
  const of = options.waves.length;
  const began = performance.now();
  const before = failures.failed;
  if (of > 1) report({ type: "wave-started", wave, of, nodes: targets.map(({ name }) => name) });
  for (const [target, end] of await options.work({ targets, wave, record })) {
    reports.set(target, of > 1 ? { ...end, wave } : end);
  }
  const told: WaveReport = {
    wave,
    nodes: targets.length,
    failed: failures.failed - before,
    durationMs: Math.round(performance.now() - began),
  };
  if (of > 1) report({ type: "wave-finished", of, ...told });
  return told;
}

function notBegun(
  target: Target,
  {
    wave,
    stopped,
    options,
  }: {
    readonly wave: number;
    readonly stopped: Notice | undefined;
    readonly options: RollOutOptions;
  },
): NodeReport {
  const report = { ...notAttemptedReport(target, stopped), wave };
  options.report({ type: "node-finished", report });
  return report;
}

/** Why a run ends before its last wave. */
export function tooMany({ failed, allowed }: FailureLimit<string>, wave: number): Notice {
  const { title } = describeCode("PC140");
  const limit = allowed === 0 ? "none may" : `${allowed} may`;
  const message = `${title}: ${failed} by the end of wave ${wave}, ${limit}`;
  return { code: "PC140", message };
}
