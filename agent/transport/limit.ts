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
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const end = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    timer = setTimeout(() => reject(onLimit()), ms);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener("abort", stop);
    promise.catch(() => undefined);
  }
}
