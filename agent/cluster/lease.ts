import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { hasEnded, ownProcess } from "../util/own-process.ts";
import { pause } from "../util/pause.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";

/** Which Lease keeps others out. */
export interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
}

/** One for the whole cluster, where the cluster's own are. */
const CLUSTER: LeasePlace = { namespace: "kube-system", name: "pullcast" };

function leasesPath({ namespace }: LeasePlace): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

function leasePath(place: LeasePlace): string {
  return `${leasesPath(place)}/${place.name}`;
}

/** Names the holder's process: whoever is on the same machine sees at once that a killed one holds nothing. */
const PROCESS = "pullcast.dev/process";

/** A holder that did not renew for so long holds no more. */
const DURATION_SECONDS = 15;
const RENEW_MS = 5000;
const POLL_MS = 500;

interface LeaseOptions {
  /** @default the one of the whole cluster */
  readonly place?: LeasePlace;
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
 * Takes a Lease (coordination.k8s.io/v1) and renews it until it is given back, so that two operators don't work on one
 * cluster, or one DaemonSet, at the same time. A holder that doesn't renew is out by this machine's own clock, as client-go
 * judges it (tools/leaderelection): nobody's clock is compared with another's.
 */
export async function acquireLease(gateway: Gateway, options: LeaseOptions): Promise<LeaseOutcome> {
  const { place = CLUSTER, identity } = options;
  const until = Date.now() + options.waitMs;
  let seen: { readonly key: string; readonly at: number } | undefined;
  let told = false;
  for (;;) {
    const answer = await ask(gateway, { method: "GET", path: leasePath(place) });
    if (answer instanceof PullcastError) return { type: "unavailable", why: answer.message };
    if (answer.status !== 200 && answer.status !== 404) return unavailable(answer);
    const lease = answer.status === 404 ? undefined : (answer.body as Lease);
    const key = `${lease?.metadata.resourceVersion}`;
    if (seen?.key !== key) seen = { key, at: Date.now() };
    if (lease === undefined || isFree(lease, seen.at)) {
      const taken = await take(gateway, lease, { place, identity });
      if (taken === "late") continue;
      return "status" in taken ? unavailable(taken) : held(gateway, taken, { place, identity });
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
  holder: Holder,
): Promise<Lease | ApiAnswer | "late"> {
  const body = leaseOf(holder, lease, "acquire");
  const answer = await ask(
    gateway,
    lease === undefined
      ? { method: "POST", path: leasesPath(holder.place), body }
      : { method: "PUT", path: leasePath(holder.place), body },
  );
  if (answer instanceof PullcastError) return { status: 0, body: { message: answer.message } };
  if (answer.status === 409) return "late";
  return answer.status === 200 || answer.status === 201 ? (answer.body as Lease) : answer;
}

interface Holder {
  readonly place: LeasePlace;
  readonly identity: string;
}

function leaseOf(
  { place, identity }: Holder,
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
      ...place,
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
function held(gateway: Gateway, first: Lease, holder: Holder): LeaseOutcome {
  let lease = first;
  let work: Promise<void> = Promise.resolve();
  const put = async (what: "renew" | "release"): Promise<void> => {
    const answer = await ask(gateway, {
      method: "PUT",
      path: leasePath(holder.place),
      body: leaseOf(holder, lease, what),
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
