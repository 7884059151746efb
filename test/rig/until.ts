import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 60_000;

/** Asks until it is so, where nobody tells; throws after a minute. */
export async function until(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`it did not come in ${PATIENCE_MS / 1000} s`);
    await delay(100);
  }
}
