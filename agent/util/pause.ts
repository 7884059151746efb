import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits `ms`, or less if `signal` aborts.
 *
 * @returns whether the whole time passed
 */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  // Many nodes wait on one signal: more than 10 listeners are no leak here.
  setMaxListeners(0, signal);
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
