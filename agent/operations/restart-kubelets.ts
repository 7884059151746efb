import { openGateway } from "../cluster/gateway.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { readHeartbeat, waitReady } from "../cluster/node-ready.ts";
import { describeCode, PullcastError } from "../errors.ts";
import type { Report } from "../events.ts";
import type { ClusterNode, NodeReport, Target } from "../model.ts";
import type { Transport } from "../transport/transport.ts";
import { type NodeJob, tryOnNode } from "./node-try.ts";
import type { RestartOptions } from "./options.ts";

interface RestartKubeletsOptions {
  readonly transport: Transport;
  readonly kubectl: KubectlSettings;
  /** Reports so far; nodes whose kubelet may still use an older file are restarted. */
  readonly reports: ReadonlyMap<Target, NodeReport>;
  readonly restart: RestartOptions;
  readonly job: NodeJob;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/**
 * Restarts kubelets so that they read the new file at once: one node at a time, control-plane
 * nodes last, and each back to Ready before the next. The first failure leaves out all others:
 * what made one kubelet stay down may do so everywhere.
 *
 * @returns the reports with what the restarts changed
 */
export async function restartKubelets(
  options: RestartKubeletsOptions,
): Promise<Map<Target, NodeReport>> {
  const reports = new Map(options.reports);
  const queue = restartOrder(options.reports);
  if (queue.length === 0) return reports;
  const ready = await openReadyWatch(options, queue);
  let obstacle: string | undefined;
  try {
    for (const [done, target] of queue.entries()) {
      const before = reports.get(target);
      if (before === undefined) continue;
      if (options.signal.aborted) obstacle ??= "the run was interrupted";
      if (obstacle !== undefined) {
        reports.set(target, leftOut(before, obstacle));
        continue;
      }
      const tell = (state: "restarting" | "waiting-ready" | "ready" | "failed", finished = done) =>
        options.report({
          type: "restart",
          node: target.name,
          state,
          done: finished,
          total: queue.length,
        });
      const problem = await restartOne(target, { options, ready, tell });
      reports.set(target, problem === undefined ? inForce(before) : failed(before, problem));
      tell(problem === undefined ? "ready" : "failed", done + 1);
      if (problem !== undefined) obstacle = `${target.name} did not come back: ${problem.message}`;
    }
  } finally {
    await ready?.close();
  }
  return reports;
}

/** Who needs a restart, in which order: workers, then the control plane. */
function restartOrder(reports: ReadonlyMap<Target, NodeReport>): Target[] {
  const stale = [...reports].filter(([, report]) => report.effectiveBy !== undefined);
  const targets = stale.map(([target]) => target);
  return [
    ...targets.filter((target) => !isControlPlane(target.node)),
    ...targets.filter((target) => isControlPlane(target.node)),
  ];
}

function isControlPlane(node: ClusterNode | undefined): boolean {
  if (node === undefined) return false;
  return (
    "node-role.kubernetes.io/control-plane" in node.labels ||
    "node-role.kubernetes.io/master" in node.labels
  );
}

/** Asks the API server about nodes; absent where no target is a cluster's node. */
interface ReadyWatch {
  heartbeat(name: string): Promise<string | undefined>;
  wait(name: string, after: string | undefined): Promise<void>;
  close(): Promise<void>;
}

async function openReadyWatch(
  { kubectl, restart, signal }: RestartKubeletsOptions,
  queue: readonly Target[],
): Promise<ReadyWatch | undefined> {
  if (queue.every((target) => target.node === undefined)) return undefined;
  const gateway = await openGateway(kubectl, signal);
  return {
    heartbeat: async (name) => (await readHeartbeat(gateway, name)).heartbeat,
    wait: (name, after) => waitReady(gateway, name, { after, timeoutMs: restart.readyMs, signal }),
    close: () => gateway.close(),
  };
}

interface RestartOneContext {
  readonly options: RestartKubeletsOptions;
  readonly ready: ReadyWatch | undefined;
  readonly tell: (state: "restarting" | "waiting-ready") => void;
}

/** Restarts one kubelet and waits for its node; what went wrong is returned. */
async function restartOne(
  target: Target,
  { options, ready, tell }: RestartOneContext,
): Promise<PullcastError | undefined> {
  // A node that was not Ready before has nothing to come back to: bootstrapping nodes wait for images.
  const watched = target.node?.ready === true ? ready : undefined;
  try {
    const heartbeat = await watched?.heartbeat(target.name);
    tell("restarting");
    await runRestart(target, options);
    if (watched === undefined) return undefined;
    tell("waiting-ready");
    await watched.wait(target.name, heartbeat);
    return undefined;
  } catch (error) {
    if (error instanceof PullcastError) return error;
    if (options.signal.aborted) return new PullcastError("PC503", { detail: "interrupted" });
    throw error;
  }
}

async function runRestart(target: Target, options: RestartKubeletsOptions): Promise<void> {
  const { transport, job, signal } = options;
  const tried = await tryOnNode(transport, target, { job, signal });
  switch (tried.type) {
    case "unreached":
      throw tried.error;
    case "lost":
      throw new PullcastError("PC502", { detail: tried.detail, phase: "restart" });
    case "stopped":
      throw new PullcastError("PC502", { detail: "the run was interrupted", phase: "restart" });
    case "answered":
      if (tried.answer.status === "failed") {
        const { code, detail } = tried.answer;
        throw new PullcastError(code, { detail, phase: "restart" });
      }
  }
}

function inForce(report: NodeReport): NodeReport {
  return { ...report, restarted: true, effectiveBy: new Date().toISOString() };
}

function failed(report: NodeReport, error: PullcastError): NodeReport {
  const { code, message, fix } = error;
  return { ...report, result: "failed", phase: "restart", code, message, fix };
}

function leftOut(report: NodeReport, detail: string): NodeReport {
  const { title } = describeCode("PC509");
  const warning = { code: "PC509" as const, message: `${title}: ${detail}` };
  return { ...report, warnings: [...(report.warnings ?? []), warning] };
}
