import type { ScryptOptions } from "node:crypto";
import type { Worker } from "node:worker_threads";

/** One derivation: what `scrypt` of node:crypto takes. */
export interface Derivation {
  readonly password: string;
  readonly salt: string;
  readonly bytes: number;
  readonly cost: Pick<ScryptOptions, "N" | "r" | "p">;
}

/** The thread's whole program. */
const PROGRAM = `
const { scryptSync } = require("node:crypto");
const { parentPort } = require("node:worker_threads");
parentPort.on("message", ({ password, salt, bytes, cost }) => {
  parentPort.postMessage(scryptSync(password, salt, bytes, cost));
});
`;

interface Waiting {
  readonly resolve: (key: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Waiting[];
}

let thread: Promise<Thread> | undefined;

/**
 * Derives keys one after another in one thread, which ends with the last. Each of node's own threads would keep
 * the memory of its derivations: glibc takes back no block as large as one that it has given out before.
 *
 * @throws what `scrypt` throws, for this derivation and those that wait
 */
export async function derive(derivation: Derivation): Promise<Buffer> {
  thread ??= start().catch((error: unknown) => {
    // The next may have more luck.
    thread = undefined;
    throw error;
  });
  const { worker, waiting } = await thread;
  return await new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    worker.postMessage(derivation);
  });
}

async function start(): Promise<Thread> {
  // Loaded for what needs it: every run would pay a millisecond.
  const { Worker } = await import("node:worker_threads");
  // It has no use for this process's options and environment, and little for memory.
  const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 };
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], env: {}, resourceLimits });
  const waiting: Waiting[] = [];
  const end = () => {
    thread = undefined;
    void worker.terminate();
  };
  worker
    .on("message", (key: Uint8Array) => {
      waiting.shift()?.resolve(Buffer.from(key));
      if (waiting.length === 0) end();
    })
    .on("error", (error) => {
      end();
      for (const { reject } of waiting.splice(0)) reject(error);
    });
  return { worker, waiting };
}
