import type { NodeObject } from "../../cluster/node-records.ts";
import type { SeenAs, WatchedState } from "../../events.ts";
import type { ClusterNode, NodeReport, Notice, PullReport } from "../../model.ts";
import { LastingBackoff } from "./lasting-backoff.ts";

/** A node as the watch knows it. */
export interface WatchedNode {
  readonly node: ClusterNode;
  /** RFC 3339, by the API server's clock. */
  readonly createdAt: string;
  readonly seenAs: SeenAs;
  /** When this watch saw it first, or after its restart, ms since 1970. */
  readonly seenAt: number;
  readonly state: WatchedState;
  /** Why it is skipped or failed. */
  readonly cause?: Notice | undefined;
}

/** What is to be done on a node now. */
export interface NodeTask {
  readonly watched: WatchedNode;
  readonly push: boolean;
  readonly prove: boolean;
}

/** What came of a push. */
interface PushOutcome {
  /** The credentials that were sent. */
  readonly revision: number;
  /** Absent where it was not tried. */
  readonly report: NodeReport | undefined;
}

interface BookOptions {
  readonly resyncMs: number;
  /** Whether nodes are proven. */
  readonly proves: boolean;
  /** Why a node is not served, whatever comes. */
  readonly refuses: (node: ClusterNode) => Notice | undefined;
  readonly onSeen: (node: WatchedNode) => void;
  readonly onGone: (node: WatchedNode) => void;
  /** Its state is another one. */
  readonly onState: (node: WatchedNode) => void;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

interface Work {
  /** ms since 1970; `Infinity`: not before something happens. */
  dueAt: number;
  failures: number;
  /** A proof may take minutes: a file that others change meanwhile does not wait for it. */
  busy: boolean;
}

type Entry = { -readonly [Key in keyof WatchedNode]: WatchedNode[Key] } & {
  /** Something happened to it while it was pushed to. */
  stirred: boolean;
  /** Of the credentials that it has. */
  revision: number | undefined;
  readonly push: Work;
  readonly proof: Work;
  /** When its file had to be put right, ms since 1970. */
  readonly healedAt: number[];
};

/** A run that did not come to a node says nothing of the node. */
const NOT_ATTEMPTED_MS = 5000;
/** Nodes that are looked at again wait for each other, so long at most: the cluster is free for others' runs in between. */
const TOGETHER_MS = 15_000;
/** Somebody who puts a file back so often within an hour is at war with this watch: it gives way for an hour. */
const MAX_HEALED = 3;
const HOUR_MS = 60 * 60_000;
const MAX_DEPARTED = 1000;

/**
 * Which nodes there are, in which state, and what is due when. Knows no cluster and no clock: it is told what happened
 * and when, and tells what is to be done.
 */
export class NodeBook {
  readonly #options: BookOptions;
  readonly #together: number;
  readonly #backoff: LastingBackoff;
  readonly #byUid = new Map<string, Entry>();
  readonly #uidOf = new Map<string, string>();
  /** Names of nodes that went lately: who comes by one of them takes its place. */
  readonly #departed = new Set<string>();
  #revision: number | undefined;
  #listed = false;

  constructor(options: BookOptions) {
    this.#options = options;
    this.#backoff = new LastingBackoff(options.random ?? Math.random);
    this.#together = Math.max(1, Math.min(TOGETHER_MS, options.resyncMs / 4));
  }

  /** All nodes, also those that are skipped. */
  get nodes(): readonly WatchedNode[] {
    return [...this.#byUid.values()];
  }

  /** All that is there: the others are gone. */
  list(objects: readonly NodeObject[], now: number): void {
    const there = new Set(objects.map(({ node }) => node.uid));
    for (const uid of [...this.#byUid.keys()]) if (!there.has(uid)) this.gone(uid);
    for (const object of objects) this.put(object, now);
    this.#listed = true;
  }

  /**
   * A node is new or changed; what a heartbeat changes is nothing.
   *
   * @returns whether something may be due that was not before
   */
  put({ node, createdAt }: NodeObject, now: number): boolean {
    const entry = this.#byUid.get(node.uid);
    if (entry !== undefined) return this.#update(entry, node, now);
    const before = this.#uidOf.get(node.name);
    const isReplaced = before !== undefined || this.#departed.delete(node.name);
    const seenAs = isReplaced ? "replaced" : this.#listed ? "new" : "present";
    if (before !== undefined) this.gone(before);
    this.#departed.delete(node.name);
    const added = this.#add({ node, createdAt, seenAs, seenAt: now });
    this.#options.onSeen(added);
    this.#judge(added);
    return true;
  }

  gone(uid: string): void {
    const entry = this.#byUid.get(uid);
    if (entry === undefined) return;
    this.#byUid.delete(uid);
    const { name } = entry.node;
    if (this.#uidOf.get(name) === uid) this.#uidOf.delete(name);
    this.#departed.add(name);
    const [oldest] = this.#departed;
    // Autoscaled nodes have ever new names.
    if (this.#departed.size > MAX_DEPARTED && oldest !== undefined) this.#departed.delete(oldest);
    this.#options.onGone(entry);
  }

  /** Other credentials than before are to be on all nodes. */
  revise(revision: number, now: number): void {
    this.#revision = revision;
    for (const { push } of this.#byUid.values()) Object.assign(push, { dueAt: now, failures: 0 });
  }

  /** Takes up to `limit` nodes whose work is due: new ones first. Each part of it is busy until it is settled. */
  take(now: number, limit: number): NodeTask[] {
    const due = [...this.#byUid.values()].flatMap((entry) => {
      const task = this.#taskOf(entry, now);
      return task === undefined ? [] : [{ entry, task }];
    });
    due.sort((a, b) => rank(a.entry) - rank(b.entry));
    return due.slice(0, limit).map(({ entry, task }) => {
      if (task.push) {
        entry.stirred = false;
        entry.push.busy = true;
      }
      if (task.prove) entry.proof.busy = true;
      return task;
    });
  }

  /** When something is due next, ms since 1970; `Infinity`: not before something happens. */
  nextDueAt(): number {
    const times = [...this.#byUid.values()].flatMap((entry) => {
      const { push, proof, node } = entry;
      if (this.#revision === undefined) return [];
      return [
        ...(push.busy ? [] : [push.dueAt]),
        ...(proof.busy || node.ready !== true ? [] : [proof.dueAt]),
      ];
    });
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  /** What came of a task's push; nothing is kept of a node that is gone. */
  settlePush(uid: string, outcome: PushOutcome, now: number): void {
    const entry = this.#byUid.get(uid);
    if (entry === undefined) return;
    const { push } = entry;
    push.busy = false;
    if (outcome.report === undefined) push.dueAt = now + NOT_ATTEMPTED_MS;
    else this.#pushed(entry, { ...outcome, report: outcome.report }, now);
    if (entry.stirred) push.dueAt = now;
    // Newer credentials came meanwhile.
    const isDone = outcome.report !== undefined && push.failures === 0;
    if (isDone && entry.revision === outcome.revision && outcome.revision !== this.#revision)
      push.dueAt = now;
  }

  /** What came of a task's proof; `undefined` where it was not tried. */
  settleProof(uid: string, pull: PullReport | undefined, now: number): void {
    const entry = this.#byUid.get(uid);
    if (entry === undefined) return;
    entry.proof.busy = false;
    if (pull !== undefined) this.#proved(entry, pull, now);
  }

  #add(seen: Pick<WatchedNode, "node" | "createdAt" | "seenAs" | "seenAt">): Entry {
    const entry: Entry = {
      ...seen,
      state: "waiting",
      stirred: false,
      revision: undefined,
      push: { dueAt: seen.seenAt, failures: 0, busy: false },
      proof: { dueAt: Number.POSITIVE_INFINITY, failures: 0, busy: false },
      healedAt: [],
    };
    this.#byUid.set(seen.node.uid, entry);
    this.#uidOf.set(seen.node.name, seen.node.uid);
    return entry;
  }

  #update(entry: Entry, node: ClusterNode, now: number): boolean {
    const before = entry.node;
    entry.node = node;
    const rebooted = before.bootId !== "" && node.bootId !== "" && before.bootId !== node.bootId;
    if (rebooted) {
      Object.assign(entry, { seenAs: "rebooted", seenAt: now });
      entry.push.failures = 0;
      this.#options.onSeen(entry);
    }
    if (!rebooted && !isStirred(before, node)) return false;
    this.#judge(entry);
    if (entry.state === "skipped") return true;
    // What failed may end better now; what was done stays done, but for a reboot.
    if (rebooted || entry.revision === undefined || entry.push.failures > 0) {
      entry.push.dueAt = now;
      entry.stirred = entry.push.busy;
    }
    if (entry.proof.failures > 0) entry.proof.dueAt = now;
    if (rebooted && this.#options.proves) entry.proof.dueAt = now;
    return true;
  }

  /** Whether it is served at all, by what it says of itself now. */
  #judge(entry: Entry): void {
    const cause = this.#options.refuses(entry.node);
    if (cause !== undefined) {
      entry.push.dueAt = Number.POSITIVE_INFINITY;
      this.#become(entry, "skipped", cause);
    } else if (entry.state === "skipped") {
      entry.push.dueAt = entry.seenAt;
      this.#become(entry, "waiting");
    }
  }

  #taskOf(entry: Entry, now: number): NodeTask | undefined {
    if (this.#revision === undefined || entry.state === "skipped") return undefined;
    const push = !entry.push.busy && entry.push.dueAt <= now;
    const isReady = entry.node.ready === true;
    // What was never proven is proven right after its first push.
    const wanted = entry.proof.dueAt <= now || (push && entry.revision === undefined);
    const prove = this.#options.proves && isReady && wanted && !entry.proof.busy;
    return push || prove ? { watched: { ...entry }, push, prove } : undefined;
  }

  #pushed(
    entry: Entry,
    { report, revision }: PushOutcome & { readonly report: NodeReport },
    now: number,
  ): void {
    const { push } = entry;
    switch (report.result) {
      case "updated":
      case "unchanged": {
        const first = entry.revision === undefined;
        const healed = report.result === "updated" && entry.revision === revision;
        entry.revision = revision;
        const nextLook = now + this.#backoff.jittered(this.#options.resyncMs);
        Object.assign(push, {
          failures: 0,
          dueAt: Math.ceil(nextLook / this.#together) * this.#together,
        });
        if ((first || healed) && this.#options.proves) entry.proof.dueAt = now;
        if (healed) this.#healed(entry, now);
        else if (entry.state !== "proven") this.#become(entry, "served");
        return;
      }
      case "skipped":
        push.dueAt = Number.POSITIVE_INFINITY;
        this.#become(entry, "skipped", causeOf(report));
        return;
      case "not-attempted":
        push.dueAt = now + this.#backoff.jittered(NOT_ATTEMPTED_MS);
        return;
      default:
        push.failures += 1;
        push.dueAt = now + this.#backoff.after(push.failures);
        this.#become(entry, "failed", causeOf(report));
    }
  }

  #healed(entry: Entry, now: number): void {
    entry.healedAt.push(now);
    while ((entry.healedAt[0] ?? now) < now - HOUR_MS) entry.healedAt.shift();
    if (entry.healedAt.length < MAX_HEALED) {
      this.#become(entry, "served");
      return;
    }
    entry.healedAt.length = 0;
    entry.push.dueAt = now + HOUR_MS;
    const message = `its file was changed ${MAX_HEALED} times within an hour: it is left alone for one`;
    this.#become(entry, "contested", { code: "PC180", message });
  }

  #proved(entry: Entry, pull: PullReport, now: number): void {
    const { proof } = entry;
    if (pull.result === "pulled") {
      Object.assign(proof, { failures: 0, dueAt: Number.POSITIVE_INFINITY });
      if (entry.state !== "contested") this.#become(entry, "proven");
      return;
    }
    proof.failures += 1;
    proof.dueAt = now + this.#backoff.after(proof.failures);
    if (pull.result !== "not-attempted") this.#become(entry, "failed", causeOf(pull));
  }

  #become(entry: Entry, state: WatchedState, cause?: Notice): void {
    const isSame = entry.state === state && entry.cause?.code === cause?.code;
    entry.state = state;
    entry.cause = cause;
    if (!isSame) this.#options.onState(entry);
  }
}

/** Whether a change may make work end better, or another thing of the node. */
function isStirred(before: ClusterNode, node: ClusterNode): boolean {
  return key(before) !== key(node);
}

function key({ ready, addresses, labels, taints, ...node }: ClusterNode) {
  const { os, osImage, providerId, machineId } = node;
  return JSON.stringify([
    ready === true,
    addresses,
    labels,
    taints,
    os,
    osImage,
    providerId,
    machineId,
  ]);
}

/** A node that nobody serves yet can't wait, one that is only looked at again can. */
function rank({ revision, push, proof, seenAt }: Entry): number {
  return revision === undefined
    ? seenAt - Number.MAX_SAFE_INTEGER
    : Math.min(push.dueAt, proof.dueAt);
}

function causeOf({ code = "PC002", message = "" }: Pick<NodeReport, "code" | "message">): Notice {
  return { code, message };
}
