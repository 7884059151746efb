import { setMaxListeners } from "node:events";
import { performance } from "node:perf_hooks";
import pLimit from "p-limit";
import { openGateway } from "../cluster/gateway.ts";
import { watchPods } from "../cluster/pod-watch.ts";
import { describeCode } from "../errors.ts";
import type { Target, TrustedNode, TrustReport } from "../model.ts";
import { describePublicKey } from "../transport/host-key.ts";
import { type HostPin, type PinOutcome, pinHostKeys, pinOf, renewal } from "../transport/pins.ts";
import type { TrustOptions } from "./options.ts";
import { runSelector } from "./pod-frame.ts";
import { newRunId } from "./run-id.ts";
import { type SelectedTargets, selectTargets } from "./select-targets.ts";
import { sweepPods } from "./sweep-pods.ts";
import { type CollectContext, type CollectedKeys, collectKeys } from "./trust/collect-keys.ts";

/**
 * Pins the host keys of nodes under their UIDs, as the nodes themselves show them through the API server:
 * a short pod on each prints the public keys of /etc/ssh. No node is logged in to.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws PullcastError PC1xx (nothing selected, or the cluster is lost), PC215 (the file of the pins)
 */
export async function trust(options: TrustOptions): Promise<TrustReport> {
  const startedAt = new Date();
  const began = performance.now();
  const run = newRunId(startedAt);
  const selected = await selectTargets({ ...options, purpose: "verify" });
  announce(options, run, selected);
  const { context, targets, skipped } = selected;
  const items = await trustAll(options, { run, startedAt, selected });
  return {
    kind: "TrustReport",
    run,
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(performance.now() - began),
    ...(context === undefined ? {} : { context: context.name }),
    interrupted: options.signal.aborted,
    file: options.knownHosts?.[0] ?? options.pinFile,
    trusted: [
      `the API server${context === undefined ? "" : ` ${context.server}`}`,
      targets.length === 1 ? "the node itself" : "each node for itself",
      `the image ${options.image}`,
    ],
    items: [
      ...items,
      ...skipped.map(({ name, code, message }): TrustedNode => {
        return { node: name, result: "skipped", code, message, keys: [], durationMs: 0 };
      }),
    ],
  };
}

function announce(options: TrustOptions, run: string, selected: SelectedTargets): void {
  const { context, targets, skipped } = selected;
  options.report({
    type: "planned",
    operation: "trust",
    run,
    ...(context === undefined ? {} : { context: { name: context.name, server: context.server } }),
    addressKinds: {},
    targets,
    skipped,
    concurrency: options.concurrency,
  });
}

interface Plan {
  readonly run: string;
  readonly startedAt: Date;
  readonly selected: SelectedTargets;
}

async function trustAll(options: TrustOptions, plan: Plan): Promise<TrustedNode[]> {
  const { run, startedAt, selected } = plan;
  const gateway = await openGateway(options.kubectl, options.signal);
  const namespace = options.namespace ?? selected.context?.namespace ?? "default";
  // Stops all nodes when the cluster is lost; the user's signal stops them as well.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Every pod listens to it: hundreds are no leak.
  setMaxListeners(0, signal);
  const watch = watchPods(gateway, { namespace, selector: runSelector(run) });
  let pods = 0;
  const context: CollectContext = {
    gateway,
    watch,
    namespace,
    run,
    image: options.image,
    deadline: new Date(startedAt.getTime() + options.timeoutMs),
    deadlineSeconds: Math.ceil(options.timeoutMs / 1000) + 60,
    nextIndex: () => pods++,
    signal,
  };
  const limit = pLimit(options.concurrency);
  const work = selected.targets.map((target) =>
    limit(() => trustNode(target, { options, context })),
  );
  try {
    return await Promise.all(work);
  } finally {
    stop.abort();
    await Promise.allSettled(work);
    await watch.close();
    if (pods > 0) await sweepPods(gateway, { namespace, run, pods, report: options.report });
    await gateway.close();
  }
}

async function trustNode(
  target: Target,
  { options, context }: { readonly options: TrustOptions; readonly context: CollectContext },
): Promise<TrustedNode> {
  const began = performance.now();
  const { name, node } = target;
  const base = { node: name, ...(node === undefined ? {} : { uid: node.uid }), keys: [] };
  if (context.signal.aborted || Date.now() >= context.deadline.getTime()) {
    const message = context.signal.aborted
      ? "the run was interrupted first"
      : "--timeout was over first";
    return { ...base, result: "not-attempted", message, durationMs: 0 };
  }
  options.report({ type: "node-started", node: name });
  const collected = await collectKeys(target, context);
  const outcome = await keep(target, { collected, options });
  const report = { ...base, ...outcome, durationMs: Math.round(performance.now() - began) };
  options.report({ type: "trust-finished", report });
  return report;
}

type Kept = Pick<TrustedNode, "result" | "code" | "message" | "fix"> & Partial<TrustedNode>;

async function keep(
  { node }: Target,
  { collected, options }: { readonly collected: CollectedKeys; readonly options: TrustOptions },
): Promise<Kept> {
  if (collected.type === "stopped") {
    return { result: "not-attempted", message: "the run was interrupted first" };
  }
  if (collected.type === "failed") {
    const { code, message, fix = describeCode(code).fix } = collected;
    return { result: "failed", code, message, fix };
  }
  const pin = node === undefined ? undefined : pinOf(node, options);
  if (pin === undefined) throw new Error("a node of a cluster has a UID");
  const { blobs } = collected;
  const keys = blobs.map(describePublicKey);
  const outcome = await pinHostKeys(pin, { blobs, replace: options.replace });
  return { ...told(outcome, pin), keys };
}

function told(outcome: PinOutcome, pin: HostPin): Kept {
  if (outcome.type !== "differs") return { result: outcome.type };
  const pinned = outcome.pinned.map(({ blob, file, line }) => {
    const { type, fingerprint } = describePublicKey(blob);
    return `${type} ${fingerprint} (${file}:${line})`;
  });
  const message = `${describeCode("PC218").title}: pinned is ${pinned.join(", ")}`;
  return { result: "failed", code: "PC218", message, fix: renewal(pin) };
}
