import { apiRefusal } from "../../cluster/api-http.ts";
import type { Gateway, SharedGateway } from "../../cluster/gateway-contract.ts";
import { namespacePath } from "../../cluster/namespaces.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import { controllerName, REVISION } from "../../deploy/model.ts";
import type { NodeStateEvent } from "../../events.ts";
import { LIVE_DIR } from "../../node/live-files.ts";
import { holdCluster } from "../hold-cluster.ts";
import { newRunId } from "../run-id.ts";
import { refuseTooLarge } from "../secret/load-sound.ts";
import type { SecretSourceOptions } from "../secret/model.ts";
import { Bell } from "../watch/bell.ts";
import { causeOf } from "../watch/cause-of.ts";
import { keepCredentials, loadFirst } from "../watch/keep-credentials.ts";
import { LastingBackoff } from "../watch/lasting-backoff.ts";
import type { LastingOptions } from "../watch/model.ts";
import { withOpenCluster } from "../watch/open-cluster.ts";
import { runParts } from "../watch/run-parts.ts";
import type { AgentItem, AgentRunOptions, AgentState } from "./model.ts";
import {
  ensureRevision,
  pruneRevisions,
  readPresent,
  replaces,
  revisionFiles,
} from "./revisions.ts";
import { noAgent } from "./session.ts";
import { daemonSetPath, directoryOf, readDaemonSet, revisionOf, surveyAgent } from "./survey.ts";

/** How a DaemonSet's credentials are kept fresh. */
export interface AgentWatchOptions
  extends AgentRunOptions,
    Omit<SecretSourceOptions, "kubectl" | "signal" | "report" | "now">,
    LastingOptions {
  /** For people; kept on the nodes. @default unknown */
  readonly operator?: string;
}

const LOOK_MS = 15_000;

/**
 * Keeps the credentials of an installed DaemonSet fresh until `signal` aborts: each change of the source is a new
 * revision, which Kubernetes rolls out within the DaemonSet's own limits. A rollback by others stays until the source
 * has something new.
 *
 * @throws {PullcastError} what can't be mended by waiting: PC6xx where the source is unusable at the start, PC101,
 *   PC102, PC184 where there is no DaemonSet
 */
export async function agentWatch(options: AgentWatchOptions): Promise<void> {
  const first = await loadFirst({ ...options, refuse: refuseTooLarge });
  await withOpenCluster(options.kubectl, options.signal, async (cluster, kubectl) => {
    const place = { namespace: options.namespace, name: options.name };
    if ((await readDaemonSet(cluster.gateway, place)) === undefined) throw noAgent(place);
    await alone({ ...options, kubectl }, () =>
      new AgentWatcher({ ...options, kubectl }, cluster, first).run(),
    );
  });
}

/** Between two ticks of a watch that waits: health is asked of it meanwhile. */
const TICK_MS = 5000;

/** Runs while no other watch serves the same DaemonSet: two would make a revision each. Waits for as long as it takes. */
async function alone(options: AgentWatchOptions, work: () => Promise<void>): Promise<void> {
  const { namespace, name, operator = "unknown", onTick } = options;
  const ticking = setInterval(() => onTick?.(), TICK_MS);
  const release = await holdCluster({
    ...options,
    operator: `${operator} watch`,
    place: { namespace, name: controllerName(name) },
    run: newRunId(new Date()),
    lockWaitMs: Number.POSITIVE_INFINITY,
  }).finally(() => clearInterval(ticking));
  try {
    if (!options.signal.aborted) await work();
  } finally {
    await release();
  }
}

class AgentWatcher {
  readonly #options: AgentWatchOptions;
  readonly #gateway: Gateway;
  readonly #first: LoadedConfig;
  readonly #bell = new Bell();
  readonly #backoff = new LastingBackoff(Math.random);
  readonly #states = new Map<string, string>();
  /** What is to be rolled out; absent: all that there is was. */
  #wanted: LoadedConfig | undefined;
  #failures = 0;
  #isFollowed = false;

  constructor(options: AgentWatchOptions, { gateway }: SharedGateway, first: LoadedConfig) {
    this.#options = options;
    this.#gateway = gateway;
    this.#first = first;
    this.#wanted = first;
  }

  async run(): Promise<void> {
    await runParts(this.#options.signal, () => this.#bell.ring(), [
      (signal) => this.#refresh(signal),
      (signal) => this.#serve(signal),
    ]);
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    await keepCredentials({
      ...this.#options,
      signal,
      gateway: this.#gateway,
      first: this.#first,
      refuse: refuseTooLarge,
      onCredentials: (config) => {
        this.#wanted = config;
        this.#bell.ring();
      },
    });
  }

  async #serve(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#options.onTick?.();
      await this.#bell.wait(await this.#once());
    }
  }

  /** @returns how long to wait for something new, ms */
  async #once(): Promise<number> {
    const { report } = this.#options;
    try {
      const config = this.#wanted;
      if (config !== undefined) {
        await this.#rollOut(config);
        if (this.#wanted === config) this.#wanted = undefined;
      }
      const items = await this.#look();
      if (!this.#isFollowed) report({ type: "cluster-listed", what: "nodes", count: items.length });
      this.#isFollowed = true;
      this.#failures = 0;
      // What is on its way is looked at more often.
      return items.some(({ state }) => state !== "ready") ? LOOK_MS / 5 : LOOK_MS;
    } catch (error) {
      const cause = causeOf(error);
      this.#failures += 1;
      this.#isFollowed = false;
      report({ type: "cluster-lost", cause, failures: this.#failures });
      return Math.min(LOOK_MS, this.#backoff.after(this.#failures));
    }
  }

  async #rollOut(config: LoadedConfig): Promise<void> {
    const { namespace, name, operator = "unknown", report } = this.#options;
    const place = { namespace, name };
    const daemonSet = await readDaemonSet(this.#gateway, place);
    if (daemonSet === undefined) throw noAgent(place);
    const present = await readPresent(this.#gateway, namespace, revisionOf(daemonSet));
    const run = newRunId(new Date());
    const files = revisionFiles(config, {
      run,
      operator: `${operator} watch`,
      target: directoryOf(daemonSet) === LIVE_DIR ? "provider" : "kubelet",
      replace: present?.files !== undefined && replaces(present.files),
    });
    const made = await ensureRevision(this.#gateway, { ...place, run }, { files, present });
    if (!made.isNew) return;
    const { revision } = made;
    const volume = (daemonSet.spec.template.spec.volumes ?? []).findIndex(
      (one) => one.name === "revision",
    );
    const answer = await this.#gateway.request("PATCH", daemonSetPath(place), [
      {
        op: "replace",
        path: `/spec/template/metadata/annotations/${REVISION.replace("/", "~1")}`,
        value: revision,
      },
      {
        op: "replace",
        path: `/spec/template/spec/volumes/${volume}/secret/secretName`,
        value: revision,
      },
    ]);
    if (answer.status !== 200) throw apiRefusal(answer, `daemonset ${namespace}/${name}`);
    report({ type: "revision", agent: `${namespace}/${name}`, revision });
    await this.#tellCluster(daemonSet.metadata.uid, revision);
    await pruneRevisions(this.#gateway, place, [revision, present?.name]);
  }

  async #look(): Promise<readonly AgentItem[]> {
    const { namespace, name, report } = this.#options;
    const daemonSet = await readDaemonSet(this.#gateway, { namespace, name });
    if (daemonSet === undefined) throw noAgent({ namespace, name });
    const items = await surveyAgent(this.#gateway, { namespace, name }, daemonSet);
    const there = new Set(items.map(({ node }) => node));
    for (const node of [...this.#states.keys()]) {
      if (there.has(node)) continue;
      this.#states.delete(node);
      report({ type: "node-gone", node, uid: node });
    }
    for (const { node, state, code, message = "" } of items) {
      const key = `${state} ${code}`;
      if (this.#states.get(node) === key) continue;
      this.#states.set(node, key);
      report({
        type: "node-state",
        node,
        uid: node,
        state: STATES[state],
        ...(code === undefined ? {} : { cause: { code, message } }),
      });
    }
    return items;
  }

  /** For kubectl describe; a cluster that takes no events is served all the same. */
  async #tellCluster(uid: string, revision: string): Promise<void> {
    const { namespace, name } = this.#options;
    const now = new Date().toISOString();
    await this.#gateway
      .request("POST", `${namespacePath(namespace)}/events`, {
        apiVersion: "v1",
        kind: "Event",
        metadata: { generateName: `${name}.`, namespace },
        involvedObject: { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name, uid },
        reason: "NewRevision",
        message: `Rolling out the credentials of ${revision}`,
        type: "Normal",
        source: { component: "pullcast" },
        ...{ firstTimestamp: now, lastTimestamp: now, count: 1 },
      })
      .catch(() => undefined);
  }
}

/** How a node stands, in the words of all watches. */
const STATES: Readonly<Record<AgentState, NodeStateEvent["state"]>> = {
  ready: "served",
  outdated: "waiting",
  missing: "waiting",
  waiting: "waiting",
  "not-ready": "failed",
};
