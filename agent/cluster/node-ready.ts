import { PullcastError } from "../errors.ts";
import { pause } from "../util/pause.ts";
import { apiRefusal } from "./api-http.ts";
import type { Gateway } from "./gateway.ts";

/** What a node's Ready condition says. */
export interface Heartbeat {
  /** `undefined` where the node never reported one. */
  readonly ready: boolean | undefined;
  /** RFC 3339, whole seconds: the kubelet's last report of its status. */
  readonly heartbeat: string | undefined;
}

interface WaitOptions {
  /** A heartbeat read before: only a later, different one counts; `undefined`: any. */
  readonly after: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly lastHeartbeatTime?: string;
}

/** Between two watches that ended or failed. */
const RETRY_MS = 500;

/**
 * Reads a node's Ready condition. A restarted kubelet reports its status at once, so a changed
 * heartbeat shows that the new process is at work (kubelet: `tryUpdateNodeStatus`, 1.35).
 *
 * @throws PullcastError PC103 to PC106, PC111 (no such node)
 */
export async function readHeartbeat(gateway: Gateway, name: string): Promise<Heartbeat> {
  const answer = await gateway.request("GET", `/api/v1/nodes/${encodeURIComponent(name)}`);
  if (answer.status === 200) return heartbeatOf(answer.body);
  if (answer.status === 404) throw new PullcastError("PC111", { detail: name });
  throw apiRefusal(answer, `node ${name}`);
}

/**
 * Waits for a node to report Ready with a heartbeat other than `after`. A watch that ends or fails is
 * begun again until the time is over: the API server itself may blink while a node restarts.
 *
 * @throws PullcastError PC503 naming the last state; the signal's reason after an abort
 */
export async function waitReady(
  gateway: Gateway,
  name: string,
  options: WaitOptions,
): Promise<void> {
  const { after, timeoutMs, signal } = options;
  const over = AbortSignal.timeout(timeoutMs);
  const done = new AbortController();
  const stop = AbortSignal.any([signal, over, done.signal]);
  const path = `/api/v1/nodes?watch=1&resourceVersion=0&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
  let last: Heartbeat = { ready: undefined, heartbeat: undefined };
  let trouble = "";
  while (!stop.aborted) {
    try {
      await gateway.watch(
        path,
        ({ type, object }) => {
          if (type !== "ADDED" && type !== "MODIFIED") return;
          last = heartbeatOf(object);
          if (last.ready === true && last.heartbeat !== after) done.abort();
        },
        stop,
      );
      trouble = "";
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    if (!stop.aborted) await pause(RETRY_MS, stop);
  }
  signal.throwIfAborted();
  if (done.signal.aborted) return;
  throw new PullcastError("PC503", { detail: describe(name, last, { timeoutMs, trouble }) });
}

function heartbeatOf(node: unknown): Heartbeat {
  const { conditions } = (node as { status?: { conditions?: readonly Condition[] } }).status ?? {};
  const ready = conditions?.find(({ type }) => type === "Ready");
  if (ready === undefined) return { ready: undefined, heartbeat: undefined };
  return { ready: ready.status === "True", heartbeat: ready.lastHeartbeatTime };
}

function describe(
  name: string,
  last: Heartbeat,
  { timeoutMs, trouble }: { timeoutMs: number; trouble: string },
): string {
  const limit = `within ${Math.round(timeoutMs / 1000)} s`;
  if (trouble !== "") return `${name} ${limit}; ${trouble}`;
  return last.ready === true
    ? `${name} ${limit}: it has not reported since the restart`
    : `${name} ${limit}: its last report says ${last.ready === false ? "not Ready" : "nothing"}`;
}
