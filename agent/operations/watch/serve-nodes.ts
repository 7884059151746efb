import type { LoadedConfig } from "../../credentials/model.ts";
import { PullcastError } from "../../errors.ts";
import type { NodeReport, PullReport } from "../../model.ts";
import { knownSelection } from "../known-selection.ts";
import type { KnownCluster, PushOptions } from "../options.ts";
import { pushConfig } from "../push.ts";
import { trust } from "../trust.ts";
import { verify } from "../verify.ts";
import type { WatchOptions } from "./model.ts";
import type { NodeTask } from "./node-book.ts";

interface ServeOptions extends WatchOptions {
  readonly cluster: KnownCluster;
  readonly config: LoadedConfig;
  /** Whether the credentials go to nodes that have others: in waves, where these are asked for. */
  readonly isRollout: boolean;
  /** Called once a node has its file, which may be long before its push is over: other nodes have their part in it. */
  readonly onFile: (task: NodeTask) => void;
  /** Called once for each task that pushes; without a report where it was not tried. */
  readonly onPushed: (task: NodeTask, report: NodeReport | undefined) => void;
  /** Called once for each task that proves; without one where it was not tried. */
  readonly onProved: (task: NodeTask, pull: PullReport | undefined) => void;
}

/** Results after which a node has its file. */
const SERVED: ReadonlySet<NodeReport["result"]> = new Set(["updated", "unchanged"]);

/** Whether a push ended with the file in place. */
export function hasFile(report: NodeReport | undefined): boolean {
  return report !== undefined && SERVED.has(report.result);
}

/** A host key that nobody knows: its node can be asked through the API server. */
const UNKNOWN_KEY = "PC211";

/** Pushes to nodes and proves them, as each task asks. What a node or the cluster does is a value. */
export async function serveNodes(tasks: readonly NodeTask[], options: ServeOptions): Promise<void> {
  const byName = new Map(tasks.map((task) => [task.watched.node.name, task]));
  const toPush = new Set(tasks.filter(({ push }) => push));
  const toProve = new Set(tasks.filter(({ prove }) => prove));
  const pushed = (task: NodeTask | undefined, report?: NodeReport) => {
    if (task === undefined || !toPush.delete(task)) return;
    options.onPushed(task, report);
    if (!hasFile(report)) proved(task);
  };
  const proved = (task: NodeTask | undefined, pull?: PullReport) => {
    if (task !== undefined && toProve.delete(task)) options.onProved(task, pull);
  };
  const report: ServeOptions["report"] = (event) => {
    options.report(event);
    if (event.type !== "node-finished" || !hasFile(event.report)) return;
    const task = byName.get(event.report.node);
    if (task !== undefined) options.onFile(task);
  };
  if (toPush.size > 0) {
    const told = (one: NodeReport) => pushed(byName.get(one.node), one);
    await pushTo([...toPush], { ...options, report, pushed: told });
  }
  for (const task of [...toPush]) pushed(task);
  if (toProve.size > 0) {
    const told = (pull: PullReport) => proved(byName.get(pull.node), pull);
    await proveOn([...toProve], { ...options, proved: told });
  }
  for (const task of [...toProve]) proved(task);
}

async function pushTo(
  tasks: readonly NodeTask[],
  options: ServeOptions & { readonly pushed: (report: NodeReport) => void },
): Promise<void> {
  const { trustNew } = options;
  const reports = await pushOnce(tasks, options);
  const strangers = tasks.filter(
    ({ watched: { node } }) => reports.get(node.name)?.code === UNKNOWN_KEY,
  );
  for (const [name, report] of reports) {
    const again =
      trustNew !== undefined && strangers.some(({ watched }) => watched.node.name === name);
    if (!again) options.pushed(report);
  }
  if (trustNew === undefined || strangers.length === 0) return;
  await trust({ ...options, ...trustNew, selection: selectionOf(strangers, options) }).catch(
    ignore,
  );
  for (const report of (await pushOnce(strangers, options)).values()) options.pushed(report);
}

/** Reports by node name; a run that can't be made is a report of each of its nodes. */
async function pushOnce(
  tasks: readonly NodeTask[],
  options: ServeOptions,
): Promise<Map<string, NodeReport>> {
  const { config, isRollout, waves, ...rest } = options;
  const run: PushOptions = {
    ...rest,
    fingerprints: false,
    recorded: "changes",
    selection: selectionOf(tasks, options),
    ...(isRollout && waves !== undefined ? { waves } : {}),
  };
  try {
    const { items } = await pushConfig(config, run);
    return new Map(items.map((item) => [item.node, item]));
  } catch (error) {
    const { code, message, fix } = asRefusal(error);
    // Another operator's run holds the cluster: that is no failure of a node.
    const result = code === "PC143" ? "not-attempted" : "failed";
    return new Map(
      tasks.map(({ watched: { node } }) => {
        const { name, uid } = node;
        return [name, { node: name, uid, address: "", result, code, message, fix, durationMs: 0 }];
      }),
    );
  }
}

async function proveOn(
  tasks: readonly NodeTask[],
  options: ServeOptions & { readonly proved: (pull: PullReport) => void },
): Promise<void> {
  const { proof, proved } = options;
  if (proof === undefined) return;
  const report: ServeOptions["report"] = (event) => {
    options.report(event);
    if (event.type === "pull-finished") proved(event.report);
  };
  try {
    await verify({ ...options, ...proof, report, selection: selectionOf(tasks, options) });
  } catch (error) {
    const { code, message, fix } = asRefusal(error);
    for (const { watched } of tasks) {
      const { name: node, uid } = watched.node;
      const base = { node, uid, image: proof.image, ran: "-", attempts: 0, durationMs: 0 } as const;
      proved({ ...base, result: "not-attempted", code, message, fix });
    }
  }
}

function selectionOf(tasks: readonly NodeTask[], { selection, cluster }: ServeOptions) {
  const names = tasks.map(({ watched }) => watched.node.name);
  return knownSelection(selection, names, cluster);
}

function asRefusal(error: unknown): PullcastError {
  if (error instanceof PullcastError) return error;
  throw error;
}

/** The push that follows tells what is wrong. */
function ignore(error: unknown): void {
  asRefusal(error);
}
