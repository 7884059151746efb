import { setMaxListeners } from "node:events";

/**
 * Calls `listener` once when `signal` aborts, at once if it has.
 * @returns what takes the listener off again
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  const { waiting, stop } = waitingFor(signal);
  const own = () => listener();
  waiting.add(own);
  return () => {
    if (waiting.delete(own) && waiting.size === 0) stop();
  };
}

interface Waiting {
  readonly waiting: Set<() => void>;
  readonly stop: () => void;
}

/**
 * What waits for each signal. One signal serves all nodes of a run, and each node waits six times: as listeners of the
 * signal itself they would take as much time as the node's whole encryption.
 */
const bySignal = new WeakMap<AbortSignal, Waiting>();

function waitingFor(signal: AbortSignal): Waiting {
  const there = bySignal.get(signal);
  if (there !== undefined) return there;
  const waiting = new Set<() => void>();
  const tell = () => {
    // Who is taken off meanwhile is passed over; nobody is added to a signal that has aborted.
    for (const listener of waiting) listener();
  };
  const stop = () => {
    bySignal.delete(signal);
    signal.removeEventListener("abort", tell);
  };
  // Requests and pods of all nodes listen to it as well: more than 10 listeners are no leak here.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", tell, { once: true });
  bySignal.set(signal, { waiting, stop });
  return { waiting, stop };
}

/**
 * Waits for `promise`, at most `ms`, and only while `signal` is not aborted.
 * What `promise` comes to afterwards is ignored.
 *
 * @throws what `onLimit` makes, the abort reason, or what `promise` throws
 */
export function withLimit<T>(
  promise: Promise<T>,
  options: { readonly ms: number; readonly signal: AbortSignal; readonly onLimit: () => Error },
): Promise<T> {
  const { ms, signal, onLimit } = options;
  return new Promise((resolve, reject) => {
    let off: (() => void) | undefined;
    const timer = setTimeout(() => fail(onLimit()), ms);
    const end = () => {
      clearTimeout(timer);
      off?.();
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    off = onAbort(signal, () => fail(signal.reason));
    promise.then((value) => {
      end();
      resolve(value);
    }, fail);
  });
}
