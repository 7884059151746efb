import { nameChooser } from "../../cluster/choose-nodes.ts";
import type { Gateway, SharedGateway } from "../../cluster/gateway-contract.ts";
import { listAndWatch } from "../../cluster/list-watch.ts";
import { namesSecret, type ServiceAccount } from "../../cluster/service-accounts.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import type { NamespaceFinishedEvent } from "../../events.ts";
import { Background } from "../watch/background.ts";
import { Bell } from "../watch/bell.ts";
import { causeOf } from "../watch/cause-of.ts";
import { keepCredentials, loadFirst } from "../watch/keep-credentials.ts";
import type { LastingOptions } from "../watch/model.ts";
import { NameBook, type NameTask } from "../watch/name-book.ts";
import { withOpenCluster } from "../watch/open-cluster.ts";
import { runParts } from "../watch/run-parts.ts";
import { applyToEach } from "./apply.ts";
import { refuseTooLarge } from "./load-sound.ts";
import type { NamespaceItem, SecretApplyOptions } from "./model.ts";

/** How the namespaces of a cluster are kept served. */
export interface SecretWatchOptions
  extends Omit<SecretApplyOptions, "dryRun" | "confirm" | "now">,
    LastingOptions {
  /** How often each namespace is looked at again, ms. */
  readonly resyncMs: number;
}

/** The loop looks around at least so often. */
const TICK_MS = 15_000;
/** For so many at once, lists of the cluster serve better than a look at each. */
const LISTS_FROM = 20;
/** A list that may not be had is given up; whatever else fails is tried again for ever. */
const UNTIL_REFUSED = Number.MAX_SAFE_INTEGER;

/**
 * Keeps the Secret in the namespaces, and its name in their ServiceAccounts, until `signal` aborts: in new ones at
 * once, and everywhere before what is in it ends. What a namespace, the cluster or the source does meanwhile is told,
 * and tried again.
 *
 * @throws {PullcastError} what can't be mended by waiting: PC6xx where the source is unusable at the start, PC101, PC102,
 *   PC104 where namespaces may not be followed, PC168
 */
export async function secretWatch(options: SecretWatchOptions): Promise<void> {
  const first = await loadFirst({ ...options, refuse: refuseTooLarge });
  await withOpenCluster(options.kubectl, options.signal, async (cluster, kubectl) => {
    await new NamespaceWatcher({ ...options, kubectl }, cluster, first).run();
  });
}

interface NamespaceObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

class NamespaceWatcher {
  readonly #options: SecretWatchOptions;
  readonly #gateway: Gateway;
  readonly #book: NameBook;
  readonly #bell = new Bell();
  readonly #work = new Background();
  readonly #first: LoadedConfig;
  readonly #isMeant: (name: string) => boolean;
  #config: LoadedConfig;

  constructor(
    options: SecretWatchOptions,
    { gateway, context }: SharedGateway,
    first: LoadedConfig,
  ) {
    this.#options = options;
    this.#gateway = gateway;
    this.#first = first;
    this.#config = first;
    this.#book = new NameBook(options.resyncMs);
    const { all, selector, names, exclude } = options.namespaces;
    const own = names.length > 0 ? names : [context?.namespace ?? "default"];
    const wanted = all || selector !== undefined ? [] : own;
    this.#isMeant = nameChooser({ names: wanted, exclude });
  }

  async run(): Promise<void> {
    try {
      await runParts(this.#options.signal, () => this.#bell.ring(), [
        (signal) => this.#followNamespaces(signal),
        (signal) => this.#followAccounts(signal),
        (signal) => this.#refresh(signal),
        (signal) => this.#serve(signal),
      ]);
    } finally {
      await this.#work.ended();
    }
  }

  async #followNamespaces(signal: AbortSignal): Promise<void> {
    const { namespaces, report } = this.#options;
    const leave = (name: string) => {
      if (this.#book.gone(name)) report({ type: "namespace-gone", namespace: name });
    };
    const isServed = ({ metadata, status }: NamespaceObject) =>
      status?.phase !== "Terminating" && this.#isMeant(metadata.name);
    await listAndWatch<NamespaceObject>(this.#gateway, {
      path: "/api/v1/namespaces",
      query: namespaces.selector === undefined ? {} : { labelSelector: namespaces.selector },
      signal,
      maxFailures: UNTIL_REFUSED,
      onList: (found) => {
        const names = found.filter(isServed).map(({ metadata }) => metadata.name);
        for (const namespace of this.#book.list(names, Date.now()))
          report({ type: "namespace-gone", namespace });
        report({ type: "cluster-listed", what: "namespaces", count: names.length });
        this.#bell.ring();
      },
      onItem: (found) => {
        const { name } = found.metadata;
        if (isServed(found)) this.#book.put(name, Date.now());
        else leave(name);
        this.#bell.ring();
      },
      onGone: ({ metadata }) => leave(metadata.name),
      onFailure: (error, failures) =>
        report({ type: "cluster-lost", cause: causeOf(error), failures }),
    });
  }

  /** ServiceAccounts come after their namespace, and may come at any time. */
  async #followAccounts(signal: AbortSignal): Promise<void> {
    const { name, accounts, report } = this.#options;
    if (!accounts.all && accounts.names.length === 0) return;
    const [only] = accounts.names;
    const see = (account: ServiceAccount) => {
      const { namespace, name: found } = account.metadata;
      const isMeant = accounts.all || accounts.names.includes(found);
      if (!isMeant || namesSecret(account, name)) return;
      this.#book.stir(namespace, Date.now());
      this.#bell.ring();
    };
    try {
      await listAndWatch<ServiceAccount>(this.#gateway, {
        path: "/api/v1/serviceaccounts",
        query: accounts.names.length === 1 ? { fieldSelector: `metadata.name=${only}` } : {},
        signal,
        maxFailures: UNTIL_REFUSED,
        onList: (found) => found.forEach(see),
        onItem: see,
        onGone: () => undefined,
      });
    } catch (error) {
      const { code, message } = causeOf(error);
      const then = "ServiceAccounts are looked at with each namespace's next look alone";
      report({ type: "notice", notice: { code, message: `${message}; ${then}` } });
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    await keepCredentials({
      ...this.#options,
      signal,
      gateway: this.#gateway,
      first: this.#first,
      refuse: refuseTooLarge,
      onCredentials: (config) => {
        this.#config = config;
        this.#book.stirAll(Date.now());
        this.#bell.ring();
      },
    });
  }

  async #serve(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#options.onTick?.();
      this.#work.throwIfBroken();
      const tasks = this.#book.take(Date.now());
      if (tasks.length > 0) this.#work.add(this.#apply(tasks), () => this.#bell.ring());
      const until = Math.min(this.#book.nextDueAt(), Date.now() + TICK_MS);
      await this.#bell.wait(Math.max(0, until - Date.now()));
    }
  }

  async #apply(tasks: readonly NameTask[]): Promise<void> {
    const items = await this.#itemsOf(tasks);
    const now = Date.now();
    for (const [index, { name, seenAt, isNew }] of tasks.entries()) {
      const item = items[index];
      const isServed = item !== undefined && SERVED.has(item.result);
      this.#book.settle(name, isServed, now);
      if (item !== undefined)
        this.#options.report(eventOf(item, isNew && isServed ? now - seenAt : undefined));
    }
  }

  async #itemsOf(tasks: readonly NameTask[]): Promise<readonly NamespaceItem[]> {
    const namespaces = tasks.map(({ name }) => ({ name, terminating: false }));
    try {
      return await applyToEach(this.#gateway, namespaces, {
        options: { ...this.#options, dryRun: false },
        file: this.#config.bytes,
        // A new namespace has no ServiceAccount yet: it is looked at again once it has.
        wide: true,
        lists: tasks.length >= LISTS_FROM,
      });
    } catch (error) {
      // The cluster is lost: the follower tells, and these come again.
      causeOf(error);
      return [];
    }
  }
}

const SERVED: ReadonlySet<NamespaceItem["result"]> = new Set(["created", "updated", "unchanged"]);

function eventOf(item: NamespaceItem, sinceSeenMs: number | undefined): NamespaceFinishedEvent {
  const { namespace, result, code, message, fix, accounts } = item;
  return {
    type: "namespace-finished",
    namespace,
    result: result as NamespaceFinishedEvent["result"],
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(fix === undefined ? {} : { fix }),
    accounts: accounts.filter((one) => one.result === "added").map(({ name }) => name),
    ...(sinceSeenMs === undefined ? {} : { sinceSeenMs }),
  };
}
