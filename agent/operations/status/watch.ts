import type { NodeStatus, StatusReport } from "../../model.ts";
import { pause } from "../../util/pause.ts";

interface WatchOptions {
  /** Between the end of one look and the begin of the next, ms. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** One look at all nodes. */
  readonly look: () => Promise<StatusReport>;
}

/**
 * Looks again and again, until `signal` aborts: first the whole report, then those with something new alone, and
 * in them the nodes in another state than before, new ones and those that are gone (`not-attempted`).
 *
 * @throws what `look` throws
 */
export async function* watchStatus(options: WatchOptions): AsyncGenerator<StatusReport> {
  let before: ReadonlyMap<string, NodeStatus> | undefined;
  while (!options.signal.aborted) {
    const report = await options.look();
    // A look that was stopped half-way says nothing new of the nodes that it did not reach.
    if (options.signal.aborted && before !== undefined) return;
    const items = before === undefined ? report.items : changed(before, report.items);
    if (before === undefined || items.length > 0) yield { ...report, items };
    before = new Map(report.items.map((item) => [keyOf(item), item]));
    if (!(await pause(options.intervalMs, options.signal))) return;
  }
}

function changed(
  before: ReadonlyMap<string, NodeStatus>,
  items: readonly NodeStatus[],
): readonly NodeStatus[] {
  const now = new Set(items.map(keyOf));
  const gone = [...before.values()].filter((item) => !now.has(keyOf(item)));
  return [
    ...items.filter((item) => stateKey(item) !== stateKey(before.get(keyOf(item)))),
    ...gone.map(
      ({ node, address, uid }): NodeStatus => ({
        node,
        address,
        ...(uid === undefined ? {} : { uid }),
        state: "not-attempted",
        message: "it is no longer selected, or gone",
        durationMs: 0,
      }),
    ),
  ];
}

/** A new node by an old name is another one. */
function keyOf({ node, uid }: NodeStatus): string {
  return uid ?? node;
}

function stateKey(item: NodeStatus | undefined): string {
  return JSON.stringify([item?.state, item?.drift, item?.run, item?.code]);
}
