import pLimit from "p-limit";
import { pause } from "../util/pause.ts";
import { abortAfterGrace } from "./grace.ts";

/** When an item's result is worth another try, and how long to wait for it. */
export interface RetryPolicy<Result> {
  /** Tries besides the first. */
  readonly limit: number;
  readonly shouldRetry: (result: Result) => boolean;
  /** Wait before try `attempt` (1 is the first retry), ms. */
  readonly delayMs: (attempt: number) => number;
}

export interface ItemsOptions<Item, Result> {
  readonly items: readonly Item[];
  /** Items worked on at once, 1 or more. */
  readonly concurrency: number;
  /** Aborted: no item is started any more, running ones get `graceMs` to end. */
  readonly signal: AbortSignal;
  /** Time that running items have after `signal`, before their own signal aborts, ms. */
  readonly graceMs: number;
  readonly retry?: RetryPolicy<Result>;
  /** Must resolve for whatever a network can do; a rejection is a bug and ends the run. */
  readonly work: (item: Item, signal: AbortSignal) => Promise<Result>;
  /** Asked before each start: `true` starts no further item or try, running ones end. */
  readonly isOver?: () => boolean;
  readonly onStart?: (item: Item) => void;
  readonly onResult?: (item: Item, result: Result) => void;
}

export interface ItemsOutcome<Item, Result> {
  readonly results: ReadonlyMap<Item, Result>;
  /** Items that were never started. */
  readonly notAttempted: readonly Item[];
}

/**
 * Runs `work` over all items side by side, at most `concurrency` at once.
 * A retry waits outside its slot, so that a flaky item delays nobody.
 *
 * @returns what each started item came to, and which were not started: `signal` aborted, or `isOver`
 * @throws what `work` throws
 */
export async function runItems<Item, Result>(
  options: ItemsOptions<Item, Result>,
): Promise<ItemsOutcome<Item, Result>> {
  const results = new Map<Item, Result>();
  const notAttempted: Item[] = [];
  const limit = pLimit(options.concurrency);
  const grace = abortAfterGrace(options.signal, options.graceMs);
  const state = { options, results, notAttempted, limit, workSignal: grace.signal };
  try {
    await Promise.all(options.items.map((item) => runItem(state, item)));
  } finally {
    limit.clearQueue();
    grace.dispose();
  }
  return { results, notAttempted };
}

interface ItemsState<Item, Result> {
  readonly options: ItemsOptions<Item, Result>;
  readonly results: Map<Item, Result>;
  readonly notAttempted: Item[];
  readonly limit: ReturnType<typeof pLimit>;
  readonly workSignal: AbortSignal;
}

async function runItem<Item, Result>(state: ItemsState<Item, Result>, item: Item): Promise<void> {
  const { options } = state;
  let result: Result | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const tried = await state.limit(() => tryOnce(state, item, attempt));
    if (tried === undefined) break;
    result = tried.result;
    const { retry } = options;
    if (retry === undefined || attempt >= retry.limit || !retry.shouldRetry(result)) break;
    if (!(await pause(retry.delayMs(attempt + 1), options.signal))) break;
  }
  if (result === undefined) {
    state.notAttempted.push(item);
    return;
  }
  state.results.set(item, result);
  options.onResult?.(item, result);
}

/** One try in its slot; `undefined` where the run was stopped before it. */
async function tryOnce<Item, Result>(
  state: ItemsState<Item, Result>,
  item: Item,
  attempt: number,
): Promise<{ result: Result } | undefined> {
  if (state.options.signal.aborted || state.options.isOver?.() === true) return undefined;
  if (attempt === 0) state.options.onStart?.(item);
  return { result: await state.options.work(item, state.workSignal) };
}
