import { performance } from "node:perf_hooks";
import type { NodeStatus, StatusReport, Target } from "../../model.ts";
import type { RunOptions } from "../options.ts";
import { newRunId } from "../run-id.ts";
import { selectTargets } from "../select-targets.ts";
import { type AnnotationContext, judgeAnnotation } from "./judge-annotation.ts";

interface AnnotationStatusOptions extends RunOptions {
  /** Credentials that end earlier than this from now make a node `expiring`, ms. */
  readonly expiresWithinMs: number;
  /** @default the present */
  readonly now?: Date;
}

/**
 * Tells what the last runs said of each node's file, by the nodes' annotations: one kubectl, no login. What others
 * did on the nodes since then is not seen, which PC342 says.
 *
 * @returns an item for each node: one without an annotation, or with one of another machine, is `unknown`
 * @throws {PullcastError} PC1xx where nothing can be selected
 */
export async function statusFromAnnotations(
  options: AnnotationStatusOptions,
): Promise<StatusReport> {
  const startedAt = new Date();
  const began = performance.now();
  const run = newRunId(startedAt);
  const selected = await selectTargets({ ...options, purpose: "verify" });
  const { context, targets, skipped } = selected;
  options.report({
    type: "planned",
    operation: "status",
    run,
    ...(context === undefined ? {} : { context }),
    addressKinds: {},
    targets,
    skipped,
    concurrency: 1,
  });
  options.report({
    type: "notice",
    notice: { code: "PC342", message: "told by annotations: no node was looked at" },
  });
  const now = options.now ?? startedAt;
  return {
    kind: "StatusReport",
    run,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(context === undefined ? {} : { context: context.name }),
    interrupted: options.signal.aborted,
    items: [
      ...targets.map((target) => told(target, { now, expiresWithinMs: options.expiresWithinMs })),
      ...skipped.map(
        ({ name, code, message }): NodeStatus => ({
          node: name,
          address: "",
          state: "skipped",
          code,
          message,
          durationMs: 0,
        }),
      ),
    ],
  };
}

function told({ name, node }: Target, context: AnnotationContext): NodeStatus {
  const base = {
    node: name,
    address: "",
    ...(node === undefined ? {} : { uid: node.uid }),
    durationMs: 0,
  };
  return { ...base, ...judgeAnnotation(node, context) };
}
