import pLimit from "p-limit";
import { type Gateway, openGateway } from "../../cluster/gateway.ts";
import type { KubectlSettings } from "../../cluster/kubectl.ts";
import { annotateNode, NODE_ANNOTATION } from "../../cluster/node-annotation.ts";
import { describeCode, PullcastError } from "../../errors.ts";
import type { ClusterNode, NodeReport, Notice, Target } from "../../model.ts";
import { cleanText } from "../../util/clean-text.ts";
import { formatWord, type NodeWord } from "./node-word.ts";

/** What a run says of itself to all of its nodes. */
export type RunWord = Omit<NodeWord, "run" | "at" | "effectiveBy" | "path" | "machine">;

interface AnnotateOptions {
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  readonly run: string;
  readonly at: Date;
  readonly word: RunWord;
  /** Also nodes that have no annotation yet. */
  readonly all: boolean;
}

/** Requests to the API server at once. */
const AT_ONCE = 16;

/** Results that leave nothing of pullcast's on a node, where the whole was asked for. */
const NOTHING_LEFT: ReadonlySet<NodeReport["result"]> = new Set(["restored", "removed"]);

/**
 * Keeps the annotations of nodes true after a run changed them: those that have one, and with `all` each node. A
 * node whose annotation can't be written is served all the same: that is a warning in its report (PC340).
 *
 * @returns the reports in their order
 */
export async function annotateNodes(
  reports: ReadonlyMap<Target, NodeReport>,
  options: AnnotateOptions,
): Promise<Map<Target, NodeReport>> {
  const told = new Map(reports);
  const jobs = [...reports].flatMap(([target, report]) => jobOf(target, report, options));
  if (jobs.length === 0 || options.signal.aborted) return told;
  const gateway = await opened(options);
  try {
    const limit = pLimit(AT_ONCE);
    const write = async ({ target, report, node, value }: Job) => {
      const failure =
        gateway instanceof PullcastError
          ? gateway.message
          : await limit(() => writeOne(gateway, { node, value }));
      if (failure !== undefined) told.set(target, withWarning(report, failure));
    };
    await Promise.all(jobs.map(write));
  } finally {
    if (!(gateway instanceof PullcastError)) await gateway.close();
  }
  return told;
}

interface Job {
  readonly target: Target;
  readonly report: NodeReport;
  readonly node: ClusterNode;
  /** Absent: the annotation goes. */
  readonly value: string | undefined;
}

function jobOf(target: Target, report: NodeReport, options: AnnotateOptions): Job[] {
  const { node } = target;
  if (node === undefined || !isInPlace(report)) return [];
  const had = Object.hasOwn(node.annotations, NODE_ANNOTATION);
  const gone = NOTHING_LEFT.has(report.result);
  if (!had && (gone || !options.all)) return [];
  return [{ target, report, node, value: gone ? undefined : annotationOf(node, report, options) }];
}

/** The file is what the run wanted, even if the kubelet's restart failed. */
function isInPlace({ result, phase }: NodeReport): boolean {
  return (
    result === "updated" ||
    result === "unchanged" ||
    NOTHING_LEFT.has(result) ||
    (result === "failed" && phase === "restart")
  );
}

function annotationOf(node: ClusterNode, report: NodeReport, { run, at, word }: AnnotateOptions) {
  const { effectiveBy, path } = report;
  return formatWord({
    run,
    at: at.toISOString(),
    ...word,
    ...(effectiveBy === undefined ? {} : { effectiveBy }),
    ...(path === undefined ? {} : { path }),
    ...(node.machineId === "" ? {} : { machine: node.machineId }),
  });
}

/** Without the API server no annotation is written, which every report then tells. */
async function opened({ kubectl, signal }: AnnotateOptions): Promise<Gateway | PullcastError> {
  return await openGateway(kubectl, signal).catch(asFailure);
}

async function writeOne(
  gateway: Gateway,
  { node, value }: Pick<Job, "node" | "value">,
): Promise<string | undefined> {
  const answer = await annotateNode(gateway, node, value).catch(asFailure);
  if (answer instanceof PullcastError) return answer.message;
  if (answer.status === 200) return undefined;
  const { message } = (answer.body ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : `status ${answer.status}`;
}

function asFailure(error: unknown): PullcastError {
  if (error instanceof PullcastError) return error;
  throw error;
}

function withWarning(report: NodeReport, why: string): NodeReport {
  const { title } = describeCode("PC340");
  const notice: Notice = { code: "PC340", message: `${title}: ${cleanText(why, 300)}` };
  return { ...report, warnings: [...(report.warnings ?? []), notice] };
}
