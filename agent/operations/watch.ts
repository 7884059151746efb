import { nameChooser } from "../cluster/choose-nodes.ts";
import type { SharedGateway } from "../cluster/gateway-contract.ts";
import { listAndWatch } from "../cluster/list-watch.ts";
import { skipReason } from "../cluster/node-kinds.ts";
import { type NodeObject, parseNodeObject } from "../cluster/node-records.ts";
import { unsuitedReason } from "../cluster/unsuited.ts";
import type { LoadedConfig } from "../credentials/model.ts";
import type { PullcastEvent, Report } from "../events.ts";
import type { ClusterNode, Notice } from "../model.ts";
import { holdCluster } from "./hold-cluster.ts";
import type { KnownCluster } from "./options.ts";
import { Background } from "./watch/background.ts";
import { Bell } from "./watch/bell.ts";
import { causeOf } from "./watch/cause-of.ts";
import { Gates } from "./watch/gates.ts";
import { ImageKeeper } from "./watch/image-keeper.ts";
import { keepCredentials, loadFirst } from "./watch/keep-credentials.ts";
import type { WatchOptions } from "./watch/model.ts";
import { NodeBook, type NodeTask, type WatchedNode } from "./watch/node-book.ts";
import { withOpenCluster } from "./watch/open-cluster.ts";
import { runParts } from "./watch/run-parts.ts";
import { hasFile, serveNodes } from "./watch/serve-nodes.ts";
import { sharedHold } from "./watch/shared-hold.ts";

/** The loop looks around at least so often. */
const TICK_MS = 15_000;
/** Of the slots that are free a large run takes so much: new nodes must not wait for it. */
const BULK_SHARE = 3 / 4;

/**
 * Keeps a cluster's nodes served until `signal` aborts: pushes to new, replaced and restarted ones, proves them, puts
 * right what others changed, and brings new credentials to all before the old ones end. What a node, the cluster or
 * the source does meanwhile is told, and tried again.
 *
 * @throws {PullcastError} what can't be mended by waiting: PC6xx where the source is unusable at the start, PC101, PC102
 */
export async function watch(options: WatchOptions): Promise<void> {
  const first = await loadFirst(options);
  await withOpenCluster(options.kubectl, options.signal, async (cluster, kubectl) => {
    await new Watcher({ ...options, kubectl }, { cluster, first }).run();
  });
}

interface WatcherParts {
  readonly cluster: SharedGateway;
  readonly first: LoadedConfig;
}

/** A run over some nodes, and how many of its slots it still holds. */
interface Batch {
  readonly slots: number;
  left: number;
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #parts: WatcherParts;
  readonly #bell = new Bell();
  readonly #book: NodeBook;
  readonly #gates: Gates | undefined;
  readonly #batches = new Set<Batch>();
  readonly #work = new Background();
  readonly #hold: NonNullable<WatchOptions["hold"]>;
  readonly #images: ImageKeeper | undefined;
  #config: LoadedConfig;
  #revision = 1;

  constructor(options: WatchOptions, parts: WatcherParts) {
    this.#options = options;
    this.#parts = parts;
    this.#config = parts.first;
    const { gate, report, resyncMs, proof, images } = options;
    this.#images =
      images &&
      new ImageKeeper(options, {
        images,
        cluster: () => this.#cluster(),
        config: () => this.#config,
      });
    this.#gates = gate && new Gates({ gate, gateway: parts.cluster.gateway, report });
    this.#book = new NodeBook({
      resyncMs,
      proves: proof !== undefined,
      refuses: (node) => refusalFor(node, options.force === true),
      onSeen: ({ node: { name, uid }, seenAs }) =>
        report({ type: "node-seen", node: name, uid, as: seenAs }),
      onGone: ({ node: { name, uid } }) => {
        this.#images?.gone(uid);
        report({ type: "node-gone", node: name, uid });
      },
      onState: ({ node: { name, uid }, state, cause }) =>
        report({
          type: "node-state",
          node: name,
          uid,
          state,
          ...(cause === undefined ? {} : { cause }),
        }),
    });
    this.#book.revise(this.#revision, Date.now());
    const { operator = "unknown" } = options;
    this.#hold = sharedHold((run) =>
      holdCluster({
        ...options,
        run,
        operator: `${operator} watch`,
        report: onceEach(report),
      }),
    );
  }

  /** Until the signal aborts, or one of its parts fails in a way that is a bug or can't be mended. */
  async run(): Promise<void> {
    try {
      const stop = () => {
        this.#bell.ring();
        this.#images?.ring();
      };
      await runParts(this.#options.signal, stop, [
        (signal) => this.#follow(signal),
        (signal) => this.#refresh(signal),
        (signal) => this.#serve(signal),
        async (signal) => await this.#images?.run(signal),
      ]);
    } finally {
      await this.#work.ended();
    }
  }

  /** Keeps the book of nodes. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { selection, report } = this.#options;
    const { selector, fieldSelector } = selection;
    const isMeant = nameChooser(selection);
    const read = (object: unknown): NodeObject | undefined => {
      const found = parseNodeObject(object);
      return found !== undefined && isMeant(found.node.name) ? found : undefined;
    };
    const told = (change: () => void) => {
      change();
      this.#bell.ring();
    };
    await listAndWatch<unknown>(this.#parts.cluster.gateway, {
      path: "/api/v1/nodes",
      query: {
        ...(selector === undefined ? {} : { labelSelector: selector }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      },
      signal,
      onList: (objects) =>
        told(() => {
          const nodes = objects.flatMap((object) => read(object) ?? []);
          this.#book.list(nodes, Date.now());
          report({ type: "cluster-listed", what: "nodes", count: nodes.length });
        }),
      onItem: (object) => {
        const found = read(object);
        // A thousand kubelets report all the time: only what changes something wakes the loop.
        if (found !== undefined && this.#book.put(found, Date.now())) this.#bell.ring();
      },
      onGone: (object) => {
        const found = read(object);
        if (found !== undefined) told(() => this.#book.gone(found.node.uid));
      },
      onFailure: (error, failures) =>
        report({ type: "cluster-lost", cause: causeOf(error), failures }),
    });
  }

  /** Keeps the credentials. */
  async #refresh(signal: AbortSignal): Promise<void> {
    await keepCredentials({
      ...this.#options,
      signal,
      gateway: this.#parts.cluster.gateway,
      first: this.#parts.first,
      onCredentials: (config) => {
        this.#config = config;
        this.#revision += 1;
        this.#book.revise(this.#revision, Date.now());
        this.#bell.ring();
      },
    });
  }

  /** Does what the book says is due. */
  async #serve(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#options.onTick?.();
      this.#work.throwIfBroken();
      const now = Date.now();
      const free = this.#freeSlots();
      const tasks = free > 0 ? this.#book.take(now, Number.POSITIVE_INFINITY) : [];
      if (tasks.length > 0) this.#start(tasks, free);
      const gatesAt = this.#gates?.open(this.#book.nodes, now, () => this.#bell.ring());
      const times = [now + TICK_MS, gatesAt ?? now + TICK_MS];
      if (this.#freeSlots() > 0) times.push(this.#book.nextDueAt());
      await this.#bell.wait(Math.max(0, Math.min(...times) - Date.now()));
    }
  }

  #cluster(): KnownCluster {
    const { context } = this.#parts.cluster;
    return {
      nodes: this.#book.nodes.map(({ node }) => node),
      ...(context === undefined ? {} : { context }),
    };
  }

  #freeSlots(): number {
    const held = [...this.#batches].map(({ slots, left }) => Math.min(slots, left));
    return this.#options.concurrency - held.reduce((sum, one) => sum + one, 0);
  }

  #start(tasks: readonly NodeTask[], free: number): void {
    const slots = Math.max(1, Math.min(tasks.length, Math.floor(free * BULK_SHARE)));
    const batch: Batch = { slots, left: tasks.length };
    this.#batches.add(batch);
    const revision = this.#revision;
    const ended = () => {
      batch.left -= 1;
      this.#bell.ring();
    };
    const work = serveNodes(tasks, {
      ...this.#options,
      report: forwarded(this.#options.report),
      hold: this.#hold,
      concurrency: slots,
      cluster: this.#cluster(),
      config: this.#config,
      isRollout: revision > 1 && tasks.length > 1,
      onFile: ({ watched }) => {
        if (watched.state !== "served" && watched.state !== "proven")
          this.#tellServed(watched, "file");
      },
      onPushed: ({ watched, prove }, report) => {
        this.#book.settlePush(watched.node.uid, { revision, report }, Date.now());
        if (hasFile(report)) this.#images?.add(watched.node);
        if (!prove) ended();
      },
      onProved: ({ watched }, pull) => {
        if (pull?.result === "pulled" && watched.state !== "proven")
          this.#tellServed(watched, "proof");
        this.#book.settleProof(watched.node.uid, pull, Date.now());
        ended();
      },
    });
    this.#work.add(work, () => {
      this.#batches.delete(batch);
      this.#bell.ring();
    });
  }

  #tellServed({ node, seenAs, seenAt, createdAt }: WatchedNode, stage: "file" | "proof"): void {
    const created = Date.parse(createdAt);
    const sinceCreatedMs = Date.now() - created;
    const tells = seenAs !== "present" && seenAs !== "rebooted" && sinceCreatedMs >= 0;
    this.#options.report({
      type: "node-served",
      node: node.name,
      uid: node.uid,
      as: seenAs,
      stage,
      sinceSeenMs: Date.now() - seenAt,
      ...(tells ? { sinceCreatedMs } : {}),
    });
  }
}

/** Why a node is not served, whatever comes. */
function refusalFor(node: ClusterNode, force: boolean): Notice | undefined {
  const skipped = skipReason(node);
  if (skipped !== undefined) return { code: skipped.code, message: skipped.message };
  const unsuited = unsuitedReason(node);
  if (unsuited === undefined || (unsuited.unwise && force)) return undefined;
  return { code: unsuited.code, message: unsuited.message };
}

/** What a run's own reader would be told of its plan and progress says nothing in a watch. */
const FORWARDED: ReadonlySet<PullcastEvent["type"]> = new Set<PullcastEvent["type"]>([
  "notice",
  "wave-started",
  "wave-finished",
  "rolling-back",
  "node-finished",
  "restart",
  "pull-finished",
  "trust-finished",
]);

function forwarded(report: Report): Report {
  return (event) => {
    // What the credentials are like was told when they came.
    if (event.type === "notice" && event.notice.code.startsWith("PC6")) return;
    if (FORWARDED.has(event.type)) report(event);
  };
}

/** Tells each notice once. */
function onceEach(report: Report): Report {
  const told = new Set<string>();
  return (event) => {
    if (event.type === "notice") {
      if (told.has(event.notice.message)) return;
      told.add(event.notice.message);
    }
    report(event);
  };
}
