/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
}

/** One line of a watch, as the API server sends it. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** The API server, reached through one `kubectl proxy` with kubectl's own login. */
export interface Gateway {
  /**
   * Sends one request; an HTTP status is a value.
   *
   * @param path - with query, for instance `/api/v1/nodes/n1`
   * @param method - `PATCH` means server-side apply, or with a list as body a JSON Patch
   * @param body - sent as JSON
   * @throws PullcastError PC103 (no answer), PC105 (too large), PC106 (no answer in time)
   */
  request(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /**
   * Streams a watch until the server ends it or `signal` aborts; both resolve.
   *
   * @throws PullcastError PC103, PC105; PC104 for 401 and 403
   */
  watch(path: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
  /** Ends the proxy and removes its socket; never throws; may be called twice. */
  close(): Promise<void>;
}

/** Where kubectl's flags and kubeconfig lead. */
export interface ClusterContext {
  readonly name: string;
  /** The API server's URL. */
  readonly server: string;
  /** The context's namespace, `default` if it names none. */
  readonly namespace: string;
}

/** A way to one cluster that is open already. */
export interface SharedGateway {
  readonly gateway: Gateway;
  /** Absent in a pod, where kubectl has no kubeconfig. */
  readonly context?: ClusterContext;
}
