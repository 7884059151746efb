import { PullcastError } from "../errors.ts";
import { pause } from "../util/pause.ts";
import type { Gateway, WatchEvent } from "./gateway-contract.ts";
import { listPages } from "./list-all.ts";

interface ListWatchOptions<Item> {
  /** Without query, for instance `/api/v1/nodes`. */
  readonly path: string;
  /** Selectors. */
  readonly query?: Readonly<Record<string, string>>;
  /** Called before each list. */
  readonly onListing?: () => void;
  /** All that is there: what was there before and isn't in it is gone. */
  readonly onList: (items: readonly Item[]) => void;
  /** A new or changed one. */
  readonly onItem: (item: Item) => void;
  readonly onGone: (item: Item) => void;
  /** Told of each failure; the count is of those in a row. */
  readonly onFailure?: (error: unknown, failures: number) => void;
  /** Failures in a row before it gives up. @default none: it goes on for ever */
  readonly maxFailures?: number;
  /** The longest pause after a failure, ms. @default 5,000 */
  readonly maxPauseMs?: number;
  readonly signal: AbortSignal;
}

const PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;
/** The server ends a watch after so long; a link that died without a word is given up a little later. */
const WATCH_SECONDS = 300;
const SILENCE_MS = (WATCH_SECONDS + 30) * 1000;

interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string };
}

/**
 * Follows a collection until `signal` aborts: a list, then a watch from there. A watch that the server ends goes on
 * from its last version; one that is too old (410), fails or falls silent is begun again with a list, so nothing is
 * missed.
 *
 * @throws PullcastError PC104 where the user may not, with `maxFailures`; the last failure after so many
 */
export async function listAndWatch<Item>(
  gateway: Gateway,
  options: ListWatchOptions<Item>,
): Promise<void> {
  const { signal, maxFailures = Number.POSITIVE_INFINITY, maxPauseMs = MAX_PAUSE_MS } = options;
  let failures = 0;
  let version = "";
  while (!signal.aborted) {
    try {
      if (version === "") version = await listOnce(gateway, options);
      failures = 0;
      version = await watchFrom(gateway, version, options);
      await pause(PAUSE_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      version = "";
      failures += 1;
      const refused = error instanceof PullcastError && error.code === "PC104";
      if (failures >= maxFailures || (refused && options.maxFailures !== undefined)) throw error;
      options.onFailure?.(error, failures);
      await pause(Math.min(maxPauseMs, PAUSE_MS * 2 ** Math.min(failures, 10)), signal);
    }
  }
}

/** Tells all that is there now; returns the list's version. */
async function listOnce<Item>(gateway: Gateway, options: ListWatchOptions<Item>): Promise<string> {
  options.onListing?.();
  const { items, version } = await listPages<Item>(gateway, options.path, options.query);
  options.onList(items);
  return version;
}

/** Follows one watch to its end; returns the version to go on from, or "" where a list must come first. */
async function watchFrom<Item>(
  gateway: Gateway,
  version: string,
  { path, query = {}, signal, onItem, onGone }: ListWatchOptions<Item>,
): Promise<string> {
  const tooOld = new AbortController();
  const silence = AbortSignal.timeout(SILENCE_MS);
  const parameters = new URLSearchParams({
    ...query,
    watch: "1",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(WATCH_SECONDS),
    resourceVersion: version,
  });
  let last = version;
  const onEvent = ({ type, object }: WatchEvent) => {
    // 410 Gone and whatever else: the next list tells the truth.
    if (type === "ERROR") return tooOld.abort();
    last = (object as Versioned).metadata?.resourceVersion ?? "";
    if (type === "ADDED" || type === "MODIFIED") onItem(object as Item);
    else if (type === "DELETED") onGone(object as Item);
  };
  const stop = AbortSignal.any([signal, tooOld.signal, silence]);
  await gateway.watch(`${path}?${parameters}`, onEvent, stop);
  return tooOld.signal.aborted || silence.aborted ? "" : last;
}
