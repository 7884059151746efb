import { PullcastError } from "../errors.ts";
import { pause } from "../util/pause.ts";
import { apiRefusal } from "./api-http.ts";
import type { Gateway, WatchEvent } from "./gateway.ts";
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
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;

/**
 * Watches the pods of a selector: a list, then a watch from there. A watch that ends (the server does
 * that every few minutes), that is too old (410) or fails is begun again with a list, so nothing is missed.
 */
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
  let failures = 0;
  while (!state.signal.aborted) {
    try {
      const version = await listOnce(state);
      failures = 0;
      await watchFrom(state, version);
      await pause(PAUSE_MS, state.signal);
    } catch (error) {
      failures += 1;
      const refused = error instanceof PullcastError && error.code === "PC104";
      if (state.signal.aborted) return;
      if (refused || failures >= MAX_FAILURES) throw error;
      await pause(Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** failures), state.signal);
    }
  }
}

/** Tells all followers what is there now; returns the list's version. */
async function listOnce(state: WatchState): Promise<string> {
  const followed = [...state.followers.keys()];
  const answer = await state.gateway.request("GET", listPath(state.options));
  if (answer.status !== 200) throw apiRefusal(answer);
  const list = answer.body as { metadata?: { resourceVersion?: string }; items?: readonly Pod[] };
  const present = new Set<string>();
  for (const pod of list.items ?? []) {
    present.add(pod.metadata.uid);
    tell(state, pod);
  }
  // Pods that were followed before the list began and are not in it were deleted unseen.
  for (const uid of followed) if (!present.has(uid)) tellGone(state, uid);
  return list.metadata?.resourceVersion ?? "";
}

async function watchFrom(state: WatchState, version: string): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([state.signal, stop.signal]);
  const path = `${listPath(state.options)}&watch=1&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(version)}`;
  await state.gateway.watch(
    path,
    ({ type, object }: WatchEvent) => {
      const pod = object as Pod;
      if (type === "ADDED" || type === "MODIFIED") tell(state, pod);
      else if (type === "DELETED") tellGone(state, pod.metadata.uid);
      // 410 Gone and whatever else: the next list tells the truth.
      else if (type === "ERROR") stop.abort();
    },
    signal,
  );
}

function listPath({ namespace, selector }: WatchOptions): string {
  return `${podsPath(namespace)}?labelSelector=${encodeURIComponent(selector)}`;
}

function tell(state: WatchState, pod: Pod): void {
  state.latest.set(pod.metadata.uid, pod);
  state.followers.get(pod.metadata.uid)?.(pod);
}

function tellGone(state: WatchState, uid: string): void {
  state.latest.delete(uid);
  state.followers.get(uid)?.(undefined);
}
