/** Time that running nodes have to end after Ctrl-C, ms. */
export const GRACE_MS = 3000;

/**
 * A signal that aborts `graceMs` after `signal` does, with the same reason.
 * `dispose` frees the timer and the listener.
 */
export function abortAfterGrace(
  signal: AbortSignal,
  graceMs: number,
): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => controller.abort(signal.reason), graceMs);
  };
  if (signal.aborted) start();
  else signal.addEventListener("abort", start, { once: true });
  return {
    signal: controller.signal,
    dispose() {
      clearTimeout(timer);
      signal.removeEventListener("abort", start);
    },
  };
}
