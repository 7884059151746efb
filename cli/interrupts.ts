import type { Host } from "./host.ts";

/** One Ctrl-C may arrive twice: from the terminal and from a parent such as npx. */
const ECHO_MS = 300;

/** A signal that stops the run's work, and the end of listening. */
export interface Interrupts {
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * The first request to stop aborts the run, which then ends in order; a second one ends the process at once.
 *
 * @param told called at the first request
 */
export function watchInterrupts(host: Pick<Host, "onStop" | "exit">, told: () => void): Interrupts {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const dispose = host.onStop(() => {
    const nowMs = performance.now();
    if (firstMs === undefined) {
      firstMs = nowMs;
      told();
      controller.abort(new Error("interrupted"));
    } else if (nowMs - firstMs > ECHO_MS) {
      host.exit(130);
    }
  });
  return { signal: controller.signal, dispose };
}
