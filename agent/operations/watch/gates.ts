import type { Gateway } from "../../cluster/gateway-contract.ts";
import { matchesTaint, removeTaint } from "../../cluster/node-taints.ts";
import { describeCode, PullcastError } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { Gate } from "./model.ts";
import type { WatchedNode } from "./node-book.ts";

interface GatesOptions {
  readonly gate: Gate;
  readonly gateway: Gateway;
  readonly report: Report;
}

/** Between two tries to take off one taint. */
const RETRY_MS = 10_000;

/** Takes the startup taint off nodes whose credential is proven, and after its time off others, with an alarm. */
export class Gates {
  readonly #options: GatesOptions;
  /** By UID: not before this time, ms since 1970; `Infinity` while it is worked on. */
  readonly #notBefore = new Map<string, number>();

  constructor(options: GatesOptions) {
    this.#options = options;
  }

  /**
   * Opens what is to be opened now.
   *
   * @param done - called after each
   * @returns when something is due next, ms since 1970; `Infinity`: not before something happens
   */
  open(nodes: readonly WatchedNode[], now: number, done: () => void): number {
    const gated = nodes.filter(({ node }) =>
      node.taints.some((taint) => matchesTaint(this.#options.gate.taint, taint)),
    );
    const uids = new Set(gated.map(({ node }) => node.uid));
    for (const uid of [...this.#notBefore.keys()]) if (!uids.has(uid)) this.#notBefore.delete(uid);
    let next = Number.POSITIVE_INFINITY;
    for (const watched of gated) {
      const at = Math.max(this.#opensAt(watched), this.#notBefore.get(watched.node.uid) ?? 0);
      if (at > now) next = Math.min(next, at);
      else void this.#openOne(watched).then(done);
    }
    return next;
  }

  /** When a node's time comes, ms since 1970. */
  #opensAt({ state, createdAt, seenAt }: WatchedNode): number {
    if (state === "proven") return 0;
    const { openAfterMs } = this.#options.gate;
    if (openAfterMs === undefined) return Number.POSITIVE_INFINITY;
    const created = Date.parse(createdAt);
    // A clock that is ahead must not open it early.
    return (Number.isNaN(created) ? seenAt : Math.min(created, seenAt)) + openAfterMs;
  }

  async #openOne({ node, state }: WatchedNode): Promise<void> {
    const { gate, gateway, report } = this.#options;
    const { name, uid } = node;
    const forced = state !== "proven";
    this.#notBefore.set(uid, Number.POSITIVE_INFINITY);
    try {
      const opened = await removeTaint(gateway, node, gate.taint);
      if (opened) report({ type: "gate-opened", node: name, uid, forced });
    } catch (error) {
      if (!(error instanceof PullcastError)) throw error;
      const message = `${describeCode("PC181").title}: ${error.message}`;
      report({ type: "gate-failed", node: name, uid, cause: { code: "PC181", message } });
    } finally {
      this.#notBefore.set(uid, Date.now() + RETRY_MS);
    }
  }
}
