import type { Gateway } from "./gateway.ts";
import { listAndWatch } from "./list-watch.ts";
import { type Pod, podsPath } from "./pods.ts";

interface WatchOptions {
  readonly namespace: string;
  /** A label selector. */
  readonly selector: string;
}

/** Called with each new state of a pod, `undefined` once it is gone. */
type OnPod = (pod: Pod | undefined) => void;

/** One watch over many pods. */
export interface PodWatch {
  /** Tells the states of a pod from now on, first the latest known; returns how to stop. */
  follow(uid: string, onPod: OnPod): () => void;
  /** Rejects once the API server can't be watched any more; never resolves. */
  readonly lost: Promise<never>;
  /** Ends the watch. */
  close(): Promise<void>;
}

/** Failures in a row before the cluster counts as lost; with the pauses about 20 s. */
const MAX_FAILURES = 8;

/** Watches the pods of a selector, and misses nothing. */
export function watchPods(gateway: Gateway, options: WatchOptions): PodWatch {
  const followers = new Map<string, OnPod>();
  const latest = new Map<string, Pod>();
  const closing = new AbortController();
  const state: WatchState = { gateway, options, followers, latest, signal: closing.signal };
  const running = keepWatching(state);
  const lost = running.then(() => new Promise<never>(() => undefined));
  lost.catch(() => undefined);
  return {
    follow(uid, onPod) {
      followers.set(uid, onPod);
      const known = latest.get(uid);
      if (known !== undefined) onPod(known);
      return () => {
        followers.delete(uid);
        latest.delete(uid);
      };
    },
    lost,
    async close() {
      closing.abort();
      await running.catch(() => undefined);
    },
  };
}

interface WatchState {
  readonly gateway: Gateway;
  readonly options: WatchOptions;
  readonly followers: Map<string, OnPod>;
  readonly latest: Map<string, Pod>;
  readonly signal: AbortSignal;
}

async function keepWatching(state: WatchState): Promise<void> {
  const { namespace, selector } = state.options;
  let followed: string[] = [];
  await listAndWatch<Pod>(state.gateway, {
    path: podsPath(namespace),
    query: { labelSelector: selector },
    signal: state.signal,
    maxFailures: MAX_FAILURES,
    onListing: () => {
      followed = [...state.followers.keys()];
    },
    onList: (pods) => {
      for (const pod of pods) tell(state, pod);
      const present = new Set(pods.map((pod) => pod.metadata.uid));
      // Pods that were followed before the list began and are not in it were deleted unseen.
      for (const uid of followed) if (!present.has(uid)) tellGone(state, uid);
    },
    onItem: (pod) => tell(state, pod),
    onGone: (pod) => tellGone(state, pod.metadata.uid),
  });
}

function tell(state: WatchState, pod: Pod): void {
  state.latest.set(pod.metadata.uid, pod);
  state.followers.get(pod.metadata.uid)?.(pod);
}

function tellGone(state: WatchState, uid: string): void {
  state.latest.delete(uid);
  state.followers.get(uid)?.(undefined);
}
