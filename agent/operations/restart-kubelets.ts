import pLimit from "p-limit";
import { openGateway } from "../cluster/gateway.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { isControlPlane } from "../cluster/node-kinds.ts";
import { readHeartbeat, waitReady } from "../cluster/node-ready.ts";
import { nameList } from "../credentials/name-list.ts";
import { describeCode, PullcastError } from "../errors.ts";
import type { Report } from "../events.ts";
import type { NodeReport, Notice, Target } from "../model.ts";
import { formatPortion, portionOf } from "../rollout/portion.ts";
import type { Transport } from "../transport/transport.ts";
import { type NodeJob, type NodeTry, tryOnNode } from "./node-try.ts";
import type { RestartOptions } from "./options.ts";

interface RestartKubeletsOptions {
  readonly transport: Transport;
  readonly kubectl: KubectlSettings;
  /** Reports so far; nodes whose kubelet may still use an older file are restarted. */
  readonly reports: ReadonlyMap<Target, NodeReport>;
  /** All nodes of the run, those of other waves too. */
  readonly targets: readonly Target[];
  readonly restart: RestartOptions;
  /** Which of them. @default those that may still use an older file */
  readonly isDue?: (report: NodeReport) => boolean;
  readonly job: NodeJob;
  /** Makes last what the job set on trial, once the node is Ready. */
  readonly settle?: NodeJob;
  /** Takes back what the job set on trial where the node is not. */
  readonly takeBack?: NodeJob;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** A setting on trial is taken back by the node itself after 60 s: the answer must be there before. */
const TRIAL_READY_MS = 40_000;

/**
 * Restarts kubelets so that they read the new file at once: one node at a time, or as many as `maxUnavailable` leaves,
 * control-plane nodes last and one at a time, and each back to Ready before the next. The first failure leaves out all
 * others: what made one kubelet stay down may do so everywhere.
 *
 * @returns the reports with what the restarts changed
 */
export async function restartKubelets(
  options: RestartKubeletsOptions,
): Promise<Map<Target, NodeReport>> {
  const reports = new Map(options.reports);
  const { isDue = mayUseOlder } = options;
  const { workers, controlPlane } = restartOrder(options.reports, isDue);
  const queue = [...workers, ...controlPlane];
  if (queue.length === 0) return reports;
  const ready = await openReadyWatch(options, queue);
  const run = new RestartRun(options, { reports, ready, total: queue.length });
  try {
    const room = roomFor(options, queue);
    if (room < 1) run.obstacle = noRoom(options);
    await run.all(workers, Math.max(1, room));
    await run.all(controlPlane, 1);
  } finally {
    await ready?.close();
  }
  return reports;
}

/** How many of these nodes may be down at once. */
function roomFor({ restart, targets }: RestartKubeletsOptions, queue: readonly Target[]): number {
  const { maxUnavailable } = restart;
  if (maxUnavailable === undefined) return 1;
  const down = notReady(targets).filter((target) => !queue.includes(target)).length;
  return portionOf(maxUnavailable, targets.length, "up") - down;
}

/** As the cluster listed them when the run began. */
function notReady(targets: readonly Target[]): Target[] {
  return targets.filter(({ node }) => node !== undefined && node.ready !== true);
}

function noRoom({ restart, targets }: RestartKubeletsOptions): string {
  const { maxUnavailable = { count: 1 } } = restart;
  const down = notReady(targets).map(({ name }) => name);
  return `${nameList(down)} not Ready, and --max-unavailable ${formatPortion(maxUnavailable)} allows no more`;
}

interface RestartScene {
  readonly reports: Map<Target, NodeReport>;
  readonly ready: ReadyWatch | undefined;
  readonly total: number;
}

/** The restarts of one call, some side by side. */
class RestartRun {
  /** Why no further kubelet is restarted. */
  obstacle: string | undefined;
  readonly #options: RestartKubeletsOptions;
  readonly #scene: RestartScene;
  #done = 0;

  constructor(options: RestartKubeletsOptions, scene: RestartScene) {
    this.#options = options;
    this.#scene = scene;
  }

  async all(targets: readonly Target[], atOnce: number): Promise<void> {
    const limit = pLimit(atOnce);
    await Promise.all(targets.map((target) => limit(() => this.#one(target))));
  }

  async #one(target: Target): Promise<void> {
    const { reports, ready } = this.#scene;
    const before = reports.get(target);
    if (before === undefined) return;
    if (this.#options.signal.aborted) this.obstacle ??= INTERRUPTED;
    if (this.obstacle !== undefined) {
      reports.set(target, leftOut(before, this.obstacle));
      return;
    }
    const tell = (state: "restarting" | "waiting-ready") => this.#tell(target, state);
    const end = await restartOne(target, { options: this.#options, ready, tell });
    reports.set(target, afterRestart(before, end));
    if (end.type === "interrupted") return;
    this.#done += 1;
    this.#tell(target, end.type === "ready" ? "ready" : "failed");
    if (end.type !== "ready") {
      this.obstacle ??= `${target.name} did not come back: ${end.error.message}`;
    }
  }

  #tell({ name }: Target, state: "restarting" | "waiting-ready" | "ready" | "failed"): void {
    const [done, total] = [this.#done, this.#scene.total];
    this.#options.report({ type: "restart", node: name, state, done, total });
  }
}

/** Who needs a restart: workers, then the control plane. */
function restartOrder(
  reports: ReadonlyMap<Target, NodeReport>,
  isDue: (report: NodeReport) => boolean,
) {
  const targets = [...reports].flatMap(([target, report]) => (isDue(report) ? [target] : []));
  return {
    workers: targets.filter((target) => !isControlPlane(target.node)),
    controlPlane: targets.filter((target) => isControlPlane(target.node)),
  };
}

/** Its kubelet reads the file, and may have read an older one. */
function mayUseOlder({ effectiveBy, provider }: NodeReport): boolean {
  return effectiveBy !== undefined && provider === undefined;
}

/** Its kubelet does not ask the provider yet, or asks one that is gone. */
export function isProviderDue({ provider }: NodeReport): boolean {
  return provider === "due";
}

/** Asks the API server about nodes; absent where no target is a cluster's node. */
interface ReadyWatch {
  heartbeat(name: string): Promise<string | undefined>;
  wait(name: string, after: string | undefined): Promise<void>;
  close(): Promise<void>;
}

async function openReadyWatch(
  { kubectl, restart, settle, signal }: RestartKubeletsOptions,
  queue: readonly Target[],
): Promise<ReadyWatch | undefined> {
  if (queue.every((target) => target.node === undefined)) return undefined;
  const gateway = await openGateway(kubectl, signal);
  const timeoutMs =
    settle === undefined ? restart.readyMs : Math.min(restart.readyMs, TRIAL_READY_MS);
  return {
    heartbeat: async (name) => (await readHeartbeat(gateway, name)).heartbeat,
    wait: (name, after) => waitReady(gateway, name, { after, timeoutMs, signal }),
    close: () => gateway.close(),
  };
}

interface RestartOneContext {
  readonly options: RestartKubeletsOptions;
  readonly ready: ReadyWatch | undefined;
  readonly tell: (state: "restarting" | "waiting-ready") => void;
}

/** How one restart ended. */
type RestartEnd =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly error: PullcastError }
  /** The node was not well with what was set on trial, and is as it was before. */
  | { readonly type: "restored"; readonly error: PullcastError }
  /** The user stopped the run; the kubelet was restarted, was not, or nobody here knows. */
  | { readonly type: "interrupted"; readonly restarted: "yes" | "no" | "unknown" };

/** Restarts one kubelet and waits for its node. */
async function restartOne(
  target: Target,
  { options, ready, tell }: RestartOneContext,
): Promise<RestartEnd> {
  const { transport, job, signal } = options;
  // A node that was not Ready before has nothing to come back to: bootstrapping nodes wait for images.
  const watched = target.node?.ready === true ? ready : undefined;
  let restarted: "yes" | "no" = "no";
  try {
    const heartbeat = await watched?.heartbeat(target.name);
    tell("restarting");
    const tried = await tryOnNode(transport, target, { job, signal });
    if (tried.type === "stopped") {
      return { type: "interrupted", restarted: tried.sent ? "unknown" : "no" };
    }
    const error = restartError(tried);
    if (error !== undefined) return await takenBack(target, { options, error });
    restarted = "yes";
    if (watched !== undefined) {
      tell("waiting-ready");
      await watched.wait(target.name, heartbeat);
    }
    return await settled(target, options);
  } catch (error) {
    if (signal.aborted) return { type: "interrupted", restarted };
    if (error instanceof PullcastError) return await takenBack(target, { options, error });
    throw error;
  }
}

/** Makes last what was on trial. */
async function settled(target: Target, options: RestartKubeletsOptions): Promise<RestartEnd> {
  const { settle, transport, signal } = options;
  if (settle === undefined) return { type: "ready" };
  const tried = await tryOnNode(transport, target, { job: settle, signal });
  if (tried.type === "stopped") return { type: "interrupted", restarted: "yes" };
  const error = restartError(tried);
  return error === undefined ? { type: "ready" } : await takenBack(target, { options, error });
}

/** Takes back the run: a node has taken back the setting already, does it now, or does it when its time is over. */
async function takenBack(
  target: Target,
  { options, error }: { readonly options: RestartKubeletsOptions; readonly error: PullcastError },
): Promise<RestartEnd> {
  const { takeBack, transport, signal } = options;
  if (takeBack === undefined) return { type: "failed", error };
  const tried = await tryOnNode(transport, target, { job: takeBack, signal });
  if (tried.type === "answered" && tried.answer.status === "done") {
    if (error.code === "PC555") return { type: "restored", error };
    const detail = error.message;
    return { type: "restored", error: new PullcastError("PC555", { detail, phase: "restart" }) };
  }
  const detail = `${error.detail}; ${BY_TIMER}`;
  const { code, fix } = error;
  return { type: "failed", error: new PullcastError(code, { detail, fix, phase: "restart" }) };
}

/** What went wrong on the node, if anything. */
function restartError(tried: Exclude<NodeTry, { type: "stopped" }>): PullcastError | undefined {
  switch (tried.type) {
    case "unreached":
      return tried.error;
    case "lost":
      return new PullcastError("PC502", { detail: tried.detail, phase: "restart" });
    case "answered": {
      if (tried.answer.status !== "failed") return undefined;
      const { code, detail, fix } = tried.answer;
      return new PullcastError(code, {
        detail,
        phase: "restart",
        ...(fix === undefined ? {} : { fix }),
      });
    }
  }
}

function afterRestart(report: NodeReport, end: RestartEnd): NodeReport {
  switch (end.type) {
    case "ready":
      return inForce(report);
    case "failed":
      return failed(report, end.error);
    case "restored":
      return restored(report, end.error);
    case "interrupted":
      return interrupted(report, end.restarted);
  }
}

function inForce(report: NodeReport): NodeReport {
  const told = { ...report, restarted: true, effectiveBy: new Date().toISOString() };
  if (report.provider === undefined) return told;
  const isGone = report.result === "removed" || report.result === "restored";
  return { ...told, provider: isGone ? "off" : "on" };
}

function restored(report: NodeReport, error: PullcastError): NodeReport {
  const { effectiveBy: _never, provider: _tried, ...rest } = report;
  const { code, message, fix } = error;
  return { ...rest, result: "restored", phase: "restart", code, message, fix };
}

/** The node's file was dealt with before: the row must not read as if nothing had happened. */
function failed(report: NodeReport, error: PullcastError): NodeReport {
  const { code, fix } = error;
  const message = `${error.message}; ${FILE_STATE[report.result] ?? "the file is in place"}`;
  const { effectiveBy, ...rest } = report;
  // Nothing runs there that could use an older file.
  const when = code === "PC541" || effectiveBy === undefined ? {} : { effectiveBy };
  return { ...rest, ...when, result: "failed", phase: "restart", code, message, fix };
}

const FILE_STATE: Readonly<Partial<Record<NodeReport["result"], string>>> = {
  restored: "the older file is back in place",
  removed: "the file is removed",
};

function interrupted(report: NodeReport, restarted: "yes" | "no" | "unknown"): NodeReport {
  if (restarted === "no") return leftOut(report, INTERRUPTED);
  const { title, fix } = describeCode("PC542");
  if (report.provider === "due" && report.result !== "removed") {
    return {
      ...report,
      ...{
        result: "failed",
        phase: "restart",
        code: "PC542",
        message: `${title}; ${BY_TIMER}`,
        fix,
      },
    };
  }
  const known = restarted === "yes" ? "it was restarted" : "whether it was is not known";
  const message = `${title}: ${known}, and nobody waited for the node to be Ready`;
  return warned(restarted === "yes" ? inForce(report) : report, { code: "PC542", message });
}

const BY_TIMER = "the node's own timer takes the provider back within 60 s";

const INTERRUPTED = "the run was interrupted";

function leftOut(report: NodeReport, detail: string): NodeReport {
  const { title, fix } = describeCode("PC509");
  if (report.provider === "due") {
    // A file comes in force by itself; a provider never does.
    const message = `${title}: ${detail}`;
    return { ...report, result: "failed", phase: "restart", code: "PC509", message, fix };
  }
  return warned(report, { code: "PC509", message: `${title}: ${detail}` });
}

function warned(report: NodeReport, warning: Notice): NodeReport {
  return { ...report, warnings: [...(report.warnings ?? []), warning] };
}
