import { cleanText } from "../util/clean-text.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";

/** The state of a container, as the kubelet reports it. */
export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode?: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

interface PodContainer {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
}

/** The parts of a pod that are read; texts are untrusted. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers?: readonly PodContainer[];
    readonly initContainers?: readonly PodContainer[];
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses?: readonly {
      readonly name?: string;
      readonly imageID?: string;
      readonly state?: ContainerState;
    }[];
  };
}

/** One event about a pod, oldest first in lists. */
export interface PodEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** A namespace's pods, as an API path. */
export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
}

export function podPath(pod: Pod): string {
  return `${podsPath(pod.metadata.namespace)}/${encodeURIComponent(pod.metadata.name)}`;
}

/**
 * Removes a pod at once, this one and no namesake; one that is gone counts as removed.
 *
 * @returns what the API server said against it, or `undefined`
 * @throws PullcastError as `Gateway.request`
 */
export async function deletePod(gateway: Gateway, pod: Pod): Promise<ApiAnswer | undefined> {
  const answer = await gateway.request("DELETE", podPath(pod), {
    kind: "DeleteOptions",
    apiVersion: "v1",
    // A node that is down can't confirm an end: the object goes now, the kubelet follows.
    gracePeriodSeconds: 0,
    preconditions: { uid: pod.metadata.uid },
  });
  // 409: a namesake with another UID, so ours is gone.
  return [200, 202, 404, 409].includes(answer.status) ? undefined : answer;
}

/** The first bytes of a container's log, or `undefined` where none can be read. */
export async function readLog(
  gateway: Gateway,
  pod: Pod,
  limitBytes: number,
): Promise<string | undefined> {
  const path = `${podPath(pod)}/log?limitBytes=${limitBytes}`;
  const { status, body } = await gateway.request("GET", path);
  return status === 200 && typeof body === "string" ? body : undefined;
}

/** Events about a pod, oldest first; none where they may not be read. */
export async function readPodEvents(gateway: Gateway, pod: Pod): Promise<readonly PodEvent[]> {
  const { namespace, uid } = pod.metadata;
  const selector = encodeURIComponent(`involvedObject.uid=${uid}`);
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events?fieldSelector=${selector}`;
  const { status, body } = await gateway.request("GET", path);
  if (status !== 200) return [];
  const { items } = body as { items?: readonly RawEvent[] };
  return [...(items ?? [])]
    .sort((a, b) => timeOf(a).localeCompare(timeOf(b)))
    .map(({ type, reason, message }) => ({
      type: String(type ?? ""),
      reason: String(reason ?? ""),
      message: cleanText(String(message ?? ""), 1000),
    }));
}

interface RawEvent {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
}

function timeOf({ lastTimestamp, firstTimestamp, eventTime }: RawEvent): string {
  return lastTimestamp ?? firstTimestamp ?? eventTime ?? "";
}
