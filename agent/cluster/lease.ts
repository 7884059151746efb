import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { hasEnded, ownProcess } from "../util/own-process.ts";
import { pause } from "../util/pause.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";

/** One for the whole cluster, where the cluster's own are. */
const NAMESPACE = "kube-system";
const NAME = "pullcast";
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const PATH = `${LEASES}/${NAME}`;

/** Names the holder's process: whoever is on the same machine sees at once that a killed one holds nothing. */
const PROCESS = "pullcast.dev/process";

/** A holder that did not renew for so long holds no more. */
const DURATION_SECONDS = 15;
const RENEW_MS = 5000;
const POLL_MS = 500;

interface LeaseOptions {
  /** Who holds it, for people: `alice@bastion 20261124T050102Z-1f3a9c42e`. */
  readonly identity: string;
  /** The longest wait for another holder, ms. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Called once where another one holds it. */
  readonly onWait: (holder: string) => void;
}

/** How the wish for the lease ended. */
export type LeaseOutcome =
  | {
      readonly type: "held";
      /** Gives it back; never throws. */
      readonly release: () => Promise<void>;
    }
  /** Another one holds it still. */
  | { readonly type: "taken"; readonly holder: string }
  /** The user may not have it, or the API server has none. */
  | { readonly type: "unavailable"; readonly why: string }
  | { readonly type: "interrupted" };

interface Lease {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly leaseTransitions?: number;
    readonly renewTime?: string;
  };
}

/**
 * Takes the cluster's Lease (coordination.k8s.io/v1) and renews it until it is given back, so that two operators don't
 * work on one cluster at the same time. A holder that doesn't renew is out by this machine's own clock, as client-go
 * judges it (tools/leaderelection): nobody's clock is compared with another's.
 */
export async function acquireLease(gateway: Gateway, options: LeaseOptions): Promise<LeaseOutcome> {
  const until = Date.now() + options.waitMs;
  let seen: { readonly key: string; readonly at: number } | undefined;
  let told = false;
  for (;;) {
    const answer = await ask(gateway, { method: "GET", path: PATH });
    if (answer instanceof PullcastError) return { type: "unavailable", why: answer.message };
    if (answer.status !== 200 && answer.status !== 404) return unavailable(answer);
    const lease = answer.status === 404 ? undefined : (answer.body as Lease);
    const key = `${lease?.metadata.resourceVersion}`;
    if (seen?.key !== key) seen = { key, at: Date.now() };
    if (lease === undefined || isFree(lease, seen.at)) {
      const taken = await take(gateway, lease, options.identity);
      if (taken === "late") continue;
      return "status" in taken ? unavailable(taken) : held(gateway, taken, options.identity);
    }
    const holder = cleanText(lease.spec?.holderIdentity ?? "", 200);
    if (Date.now() >= until) return { type: "taken", holder };
    if (!told) options.onWait(holder);
    told = true;
    if (!(await pause(POLL_MS, options.signal))) return { type: "interrupted" };
  }
}

function isFree({ spec, metadata }: Lease, seenAt: number): boolean {
  const { holderIdentity = "", leaseDurationSeconds = DURATION_SECONDS } = spec ?? {};
  if (holderIdentity === "") return true;
  // Whatever another one wrote there, nobody waits for hours.
  const seconds = Math.min(Math.max(leaseDurationSeconds, 1), 60);
  if (Date.now() - seenAt > seconds * 1000) return true;
  return hasEnded(metadata.annotations?.[PROCESS] ?? "");
}

/** Makes the lease ours; `late` where others changed it meanwhile. */
async function take(
  gateway: Gateway,
  lease: Lease | undefined,
  identity: string,
): Promise<Lease | ApiAnswer | "late"> {
  const body = leaseOf(identity, lease, "acquire");
  const answer = await ask(
    gateway,
    lease === undefined
      ? { method: "POST", path: LEASES, body }
      : { method: "PUT", path: PATH, body },
  );
  if (answer instanceof PullcastError) return { status: 0, body: { message: answer.message } };
  if (answer.status === 409) return "late";
  return answer.status === 200 || answer.status === 201 ? (answer.body as Lease) : answer;
}

function leaseOf(
  identity: string,
  lease: Lease | undefined,
  what: "acquire" | "renew" | "release",
) {
  // A MicroTime: six decimals.
  const now = new Date().toISOString().replace("Z", "000Z");
  const { leaseTransitions = 0, holderIdentity = "" } = lease?.spec ?? {};
  const own = ownProcess();
  const changes = what === "acquire" && lease !== undefined && holderIdentity !== identity;
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: NAME,
      namespace: NAMESPACE,
      ...(lease === undefined ? {} : { resourceVersion: lease.metadata.resourceVersion }),
      ...(own === undefined || what === "release" ? {} : { annotations: { [PROCESS]: own } }),
    },
    spec: {
      holderIdentity: what === "release" ? "" : identity,
      leaseDurationSeconds: DURATION_SECONDS,
      ...(what === "release" ? {} : { renewTime: now, acquireTime: now }),
      leaseTransitions: changes ? leaseTransitions + 1 : leaseTransitions,
    },
  };
}

/** Renews until it is given back. What others made of it meanwhile stays: nodes guard their files themselves. */
function held(gateway: Gateway, first: Lease, identity: string): LeaseOutcome {
  let lease = first;
  let work: Promise<void> = Promise.resolve();
  const put = async (what: "renew" | "release"): Promise<void> => {
    const answer = await ask(gateway, {
      method: "PUT",
      path: PATH,
      body: leaseOf(identity, lease, what),
    });
    if (!(answer instanceof PullcastError) && answer.status === 200) lease = answer.body as Lease;
  };
  const timer = setInterval(() => {
    work = work.then(() => put("renew"));
  }, RENEW_MS);
  timer.unref();
  return {
    type: "held",
    release: async () => {
      clearInterval(timer);
      await work;
      await put("release");
    },
  };
}

interface LeaseRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: unknown;
}

async function ask(
  gateway: Gateway,
  { method, path, body }: LeaseRequest,
): Promise<ApiAnswer | PullcastError> {
  try {
    return await gateway.request(method, path, body);
  } catch (error) {
    if (error instanceof PullcastError) return error;
    throw error;
  }
}

function unavailable({ status, body }: ApiAnswer): LeaseOutcome {
  const { message } = (body ?? {}) as { readonly message?: unknown };
  const why = typeof message === "string" ? cleanText(message, 300) : `status ${status}`;
  return { type: "unavailable", why };
}
