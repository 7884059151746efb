import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { PullcastEvent } from "../../agent/index.ts";

type Event<Type extends PullcastEvent["type"]> = Extract<PullcastEvent, { type: Type }>;

/** States of nodes, all of them: a gauge that is missing looks like none. */
const STATES = ["waiting", "served", "proven", "failed", "contested", "skipped"] as const;

/** Results after which a namespace has its Secret. */
const IN_PLACE: ReadonlySet<string> = new Set(["created", "updated", "unchanged"]);

/** A watch's events as Prometheus sees them. */
export class WatchMetrics {
  readonly registry = new Registry();
  readonly #states = new Map<string, string>();
  readonly #namespaces = new Map<string, string>();
  readonly #ends = new Map<string, number | undefined>();
  readonly #pushes = this.#counter("pullcast_pushes_total", "Pushes to nodes by result", [
    "result",
    "code",
  ]);
  readonly #pulls = this.#counter("pullcast_pulls_total", "Proofs by pull, by result", [
    "result",
    "code",
  ]);
  readonly #images = this.#counter("pullcast_images_total", "Images brought to nodes, by result", [
    "result",
    "code",
  ]);
  readonly #gates = this.#counter(
    "pullcast_gates_opened_total",
    "Startup taints taken off; forced: without a proof",
    ["forced"],
  );
  readonly #sourceFailures = this.#counter(
    "pullcast_source_failures_total",
    "Questions to the credential source that failed",
    ["code"],
  );
  readonly #applies = this.#counter(
    "pullcast_namespace_applies_total",
    "Secrets put into namespaces, by result",
    ["result", "code"],
  );
  readonly #newNamespaces = new Histogram({
    name: "pullcast_new_namespace_seconds",
    help: "From seeing a new namespace to its Secret",
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [this.registry],
  });
  readonly #newNodes = new Histogram({
    name: "pullcast_new_node_seconds",
    help: "From seeing a new, replaced or restarted node to its file, and to its proven pull",
    labelNames: ["stage"],
    buckets: [0.5, 1, 2, 3, 5, 10, 30, 60, 120, 300, 600],
    registers: [this.registry],
  });
  readonly #up = new Gauge({
    name: "pullcast_cluster_followed",
    help: "1 while the cluster's nodes are followed",
    registers: [this.registry],
  });
  readonly #sourceOk = new Gauge({
    name: "pullcast_source_last_success_timestamp_seconds",
    help: "When the credential source last answered",
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#countStates("pullcast_nodes", "Nodes by state", { of: this.#states, known: STATES });
    this.#countStates("pullcast_namespaces", "Namespaces by state", {
      of: this.#namespaces,
      known: ["served", "failed"],
    });
    const ends = this.#ends;
    new Gauge({
      name: "pullcast_credential_expires_in_seconds",
      help: "Seconds until a registry's credential ends; +Inf where none is known to",
      labelNames: ["registry"],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [registry, end] of ends) {
          const left = end === undefined ? Number.POSITIVE_INFINITY : (end - Date.now()) / 1000;
          this.set({ registry }, left);
        }
      },
    });
  }

  /** Takes in what happened. */
  event(event: PullcastEvent): void {
    switch (event.type) {
      case "node-seen":
        if (!this.#states.has(event.uid)) this.#states.set(event.uid, "waiting");
        return;
      case "node-state":
        this.#states.set(event.uid, event.state);
        return;
      case "node-gone":
        this.#states.delete(event.uid);
        return;
      case "node-finished":
        this.#pushes.inc({ result: event.report.result, code: event.report.code ?? "" });
        return;
      case "pull-finished":
        this.#pulls.inc({ result: event.report.result, code: event.report.code ?? "" });
        return;
      case "image-finished":
        this.#images.inc({ result: event.item.result, code: event.item.code ?? "" });
        return;
      case "node-served":
        if (event.as !== "present")
          this.#newNodes.observe({ stage: event.stage }, event.sinceSeenMs / 1000);
        return;
      case "namespace-finished":
        this.#applied(event);
        return;
      case "namespace-gone":
        this.#namespaces.delete(event.namespace);
        return;
      case "cluster-listed":
        this.#up.set(1);
        return;
      case "cluster-lost":
        this.#up.set(0);
        return;
      case "gate-opened":
        this.#gates.inc({ forced: String(event.forced) });
        return;
      case "credentials-loaded":
        this.#loaded(event);
        return;
      case "credentials-failed":
        this.#sourceFailures.inc({ code: event.cause.code });
        return;
      default:
    }
  }

  #applied({ namespace, result, code, sinceSeenMs }: Event<"namespace-finished">): void {
    this.#applies.inc({ result, code: code ?? "" });
    this.#namespaces.set(namespace, IN_PLACE.has(result) ? "served" : result);
    if (sinceSeenMs !== undefined) this.#newNamespaces.observe(sinceSeenMs / 1000);
  }

  #loaded({ entries, kept }: Event<"credentials-loaded">): void {
    if (kept.length === 0) this.#sourceOk.setToCurrentTime();
    this.#ends.clear();
    for (const { key, expiresAt } of entries) {
      this.#ends.set(key, expiresAt === undefined ? undefined : Date.parse(expiresAt));
    }
  }

  #countStates(
    name: string,
    help: string,
    { of, known }: { readonly of: ReadonlyMap<string, string>; readonly known: readonly string[] },
  ): void {
    new Gauge({
      name,
      help,
      labelNames: ["state"],
      registers: [this.registry],
      collect() {
        const counts = new Map<string, number>(known.map((state) => [state, 0]));
        for (const state of of.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
        for (const [state, number] of counts) this.set({ state }, number);
      },
    });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
