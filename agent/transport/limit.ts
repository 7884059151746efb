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
  // One signal serves all nodes of a run: more than 10 listeners are no leak here.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/**
 * Waits for `promise`, at most `ms`, and only while `signal` is not aborted.
 * What `promise` comes to afterwards is ignored.
 *
 * @throws what `onLimit` makes, the abort reason, or what `promise` throws
 */
export async function withLimit<T>(
  promise: Promise<T>,
  options: { readonly ms: number; readonly signal: AbortSignal; readonly onLimit: () => Error },
): Promise<T> {
  const { ms, signal, onLimit } = options;
  let release: (() => void) | undefined;
  const end = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(onLimit()), ms);
    const off = onAbort(signal, () => reject(signal.reason));
    release = () => {
      clearTimeout(timer);
      off();
    };
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    release?.();
    promise.catch(() => undefined);
  }
}
