import type { ApiAnswer, Gateway, WatchEvent } from "../../../../agent/cluster/gateway.ts";
import type { ContainerState, Pod } from "../../../../agent/cluster/pods.ts";
import { PullcastError } from "../../../../agent/errors.ts";

/** What a fake kubelet does with a pod: a container state, nothing, or a pod's end. */
export type FakeKubelet = (pod: Pod, count: number) => ContainerState | undefined;

type Interceptor = (method: string, path: string) => ApiAnswer | Error | undefined;

interface StoredEvent {
  readonly uid: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * A gateway to an API server in memory, for answers that a real one can't be made to give at will:
 * pods, their watch, logs and events, and a kubelet that answers as the test says.
 */
export class FakeCluster implements Gateway {
  /** Answers instead of the server, if it answers. */
  intercept: Interceptor = () => undefined;
  readonly pods = new Map<string, Pod>();
  readonly events: StoredEvent[] = [];
  readonly requests: string[] = [];
  created = 0;
  /** So many creations are answered with an error, though the pod is there. */
  answersToLose = 0;
  /** The most pods that existed at one time. */
  most = 0;
  watches = 0;
  readonly #watchers = new Set<(event: WatchEvent) => void>();
  readonly #enders = new Set<() => void>();
  readonly #kubelet: FakeKubelet;

  constructor(kubelet: FakeKubelet) {
    this.#kubelet = kubelet;
  }

  async request(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    this.requests.push(`${method} ${path.replace(/\?.*/, "")}`);
    await new Promise((resolve) => setImmediate(resolve));
    const instead = this.intercept(method, path);
    if (instead instanceof Error) throw instead;
    if (instead !== undefined) return instead;
    const name = /\/pods\/([^/?]+)/.exec(path)?.[1] ?? "";
    if (method === "POST") return this.#post(body as Pod);
    if (method === "DELETE") return this.#delete(name);
    if (path.includes("/log")) return { status: 200, body: "SUCCESS\n" };
    if (path.includes("/events?")) return { status: 200, body: { items: this.#eventsOf(path) } };
    if (name !== "") {
      const pod = this.pods.get(name);
      return pod === undefined ? { status: 404, body: {} } : { status: 200, body: pod };
    }
    const items = [...this.pods.values()];
    return { status: 200, body: { metadata: { resourceVersion: "7" }, items } };
  }

  watch(path: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    this.watches += 1;
    const instead = this.intercept("WATCH", path);
    if (instead instanceof Error) return Promise.reject(instead);
    return new Promise((resolve) => {
      const end = () => {
        this.#watchers.delete(onEvent);
        this.#enders.delete(end);
        resolve();
      };
      this.#watchers.add(onEvent);
      this.#enders.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  async close(): Promise<void> {
    this.endWatches();
  }

  /** Ends all watches, as a server does every few minutes. */
  endWatches(): void {
    for (const end of [...this.#enders]) end();
  }

  /** Sends an event to all watches. */
  send(event: WatchEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }

  /** Sets a container's state; seen by watches unless `silent`. */
  setState(pod: Pod, state: ContainerState, silent = false): void {
    const { name } = pod.metadata;
    const status = { phase: "Pending", containerStatuses: [{ name: "pull", imageID: "", state }] };
    const next = { ...(this.pods.get(name) ?? pod), status };
    this.pods.set(name, next);
    if (!silent) this.send({ type: "MODIFIED", object: next });
  }

  #post(sent: Pod): ApiAnswer {
    if (this.pods.has(sent.metadata.name)) return { status: 409, body: { message: "exists" } };
    const pod = this.#create(sent);
    if (this.answersToLose === 0) return { status: 201, body: pod };
    this.answersToLose -= 1;
    return { status: 504, body: { message: "timeout" } };
  }

  #create(sent: Pod): Pod {
    const count = this.created++;
    const { name } = sent.metadata;
    const metadata = { ...sent.metadata, uid: `uid-${name}`, namespace: "default" };
    const pod = { ...sent, metadata };
    this.pods.set(name, pod);
    this.most = Math.max(this.most, this.pods.size);
    this.send({ type: "ADDED", object: pod });
    const state = this.#kubelet(pod, count);
    if (state !== undefined) setImmediate(() => this.pods.has(name) && this.setState(pod, state));
    return pod;
  }

  #delete(name: string): ApiAnswer {
    const pod = this.pods.get(name);
    if (pod === undefined) return { status: 404, body: { message: "not found" } };
    this.pods.delete(name);
    this.send({ type: "DELETED", object: pod });
    return { status: 200, body: {} };
  }

  #eventsOf(path: string): readonly StoredEvent[] {
    const uid = decodeURIComponent(/involvedObject\.uid%3D([^&]+)/.exec(path)?.[1] ?? "");
    return this.events.filter((event) => event.uid === uid);
  }
}

/** The error of a gateway whose proxy is gone. */
export function goneError(): PullcastError {
  return new PullcastError("PC103", { detail: "kubectl proxy is gone: boom" });
}
