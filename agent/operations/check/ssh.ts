import type { CheckItem, NodeConfig, Target } from "../../model.ts";
import { GRACE_MS } from "../../rollout/grace.ts";
import { runItems } from "../../rollout/run-items.ts";
import { createTransport } from "../../transport/create-transport.ts";
import type { HostResolver } from "../../transport/resolve-host.ts";
import type { ChosenTransport, Transport } from "../../transport/transport.ts";
import { nodeReport, withTransport } from "../node-report.ts";
import { type NodeTry, tryOnNode } from "../node-try.ts";
import type { CheckOptions } from "../options.ts";
import { withPasswordTrial } from "../password-trial.ts";
import { probeJob } from "../probe-job.ts";
import { NODE_RETRY } from "../run-on-nodes.ts";
import { errorItem, noticeItem, notTriedItem, okItem } from "./items.ts";

interface SshCheck {
  readonly targets: readonly Target[];
  /** What push would send; absent where the source is unusable: the file is not compared then. */
  readonly config?: NodeConfig;
  readonly resolver: HostResolver;
}

/**
 * Logs in to each node and runs there what a push would do up to its first write: connection, host key,
 * login, sudo, the kubelet's directory, and whether the file may be put there.
 */
export async function checkSsh(
  options: CheckOptions,
  { targets, config, resolver }: SshCheck,
): Promise<CheckItem[]> {
  if (targets.length === 0) {
    const detail = "there is no node to log in to";
    return [notTriedItem({ group: "ssh", name: "nodes" }, { detail })];
  }
  let transport: Transport;
  try {
    transport = withPasswordTrial(await createTransport(options.ssh, resolver), options.become);
  } catch (error) {
    return [errorItem({ group: "ssh", name: "settings" }, error)];
  }
  try {
    const notices = await resolver.prepare();
    return [
      ...notices.map((notice) => noticeItem({ group: "ssh", name: "settings" }, notice)),
      ...(await probeAll(transport, options, { targets, digest: config?.digest })),
    ];
  } finally {
    await transport.close();
  }
}

interface Probing {
  readonly targets: readonly Target[];
  readonly digest: string | undefined;
}

async function probeAll(
  transport: Transport,
  options: CheckOptions,
  { targets, digest }: Probing,
): Promise<CheckItem[]> {
  const job = probeJob(options, digest);
  const { results } = await runItems<Target, NodeTry>({
    items: targets,
    concurrency: options.concurrency,
    signal: options.signal,
    graceMs: GRACE_MS,
    retry: NODE_RETRY,
    work: (target, signal) => tryOnNode(transport, target, { job, signal }),
  });
  options.signal.throwIfAborted();
  return targets.flatMap((target) => {
    const tried = results.get(target);
    return tried === undefined ? [] : triedItems(target, tried, transport.chosen(target));
  });
}

function triedItems(
  target: Target,
  ...[tried, chosen]: readonly [tried: NodeTry, chosen: ChosenTransport | undefined]
): CheckItem[] {
  const subject = { group: "ssh", name: target.name } as const;
  const context = { tried, lostBefore: false, durationMs: 0, now: new Date() };
  const report = withTransport(nodeReport(target, context), chosen);
  const choice =
    chosen === undefined
      ? {}
      : { transport: chosen.transport, transportReason: chosen.transportReason };
  const warnings = (report.warnings ?? []).map((notice) => noticeItem(subject, notice));
  const { code, message = "", fix } = report;
  if (code !== undefined) {
    const failed: CheckItem = { ...subject, ...choice, result: "failed", code, message };
    return [fix === undefined ? failed : { ...failed, fix }, ...warnings];
  }
  const file = `${report.path}, ${report.pathProof}`;
  const done =
    report.result === "unchanged"
      ? `the credentials are there already (${file})`
      : `push would write ${file}`;
  return [{ ...okItem(subject, done), ...choice }, ...warnings];
}
