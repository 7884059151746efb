import type { Gateway } from "../../cluster/gateway.ts";
import type { PodWatch } from "../../cluster/pod-watch.ts";
import { type Pod, podPath, readPodEvents } from "../../cluster/pods.ts";
import type { Code } from "../../errors.ts";
import type { Target } from "../../model.ts";
import { cleanText } from "../../util/clean-text.ts";
import { type PodState, readPodState } from "./pod-state.ts";

/** What a test pod came to. */
export type PodOutcome =
  | { readonly type: "pulled"; readonly ran: "exited" | "no shell" | "-" }
  /** The pull failed; the words are the registry's or the runtime's, cleaned. */
  | { readonly type: "refused"; readonly message: string }
  /** It says nothing about the pull. */
  | { readonly type: "broken"; readonly code: Code; readonly message: string }
  | { readonly type: "stopped" };

export interface AwaitOptions {
  readonly gateway: Gateway;
  readonly watch: PodWatch;
  readonly pod: Pod;
  /** How a state of the pod differs from what was sent in a way that matters, as a clause. */
  readonly faultOf: (pod: Pod) => string | undefined;
  /** How long a kubelet may take to begin, ms. */
  readonly startMs: number;
  /** When to stop waiting at all. */
  readonly deadline: Date;
  readonly signal: AbortSignal;
}

/** How long a kubelet may take to begin; a node that is not Ready has little hope. */
const START_MS = 45_000;
const START_NOT_READY_MS = 20_000;

/** A container that runs `echo` ends at once; a log is not worth more. */
const END_MS = 10_000;
/** From a back-off without words to its event. */
const WORDS_MS = 5000;
const MAX_WORDS = 600;

/**
 * Waits until a pod's status or its events tell what became of the pull.
 *
 * @throws what `watch.lost` rejects with
 */
export async function awaitPull(options: AwaitOptions): Promise<PodOutcome> {
  const waiting = new PullWait(options);
  try {
    return await Promise.race([waiting.outcome, options.watch.lost]);
  } finally {
    waiting.dispose();
  }
}

/** How long the kubelet of a node, or of any that the scheduler chooses, may take to begin, ms. */
export function startLimit({ node }: Pick<Target, "node">): number {
  return node?.ready === false ? START_NOT_READY_MS : START_MS;
}

class PullWait {
  readonly outcome: Promise<PodOutcome>;
  readonly #options: AwaitOptions;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #settle: (outcome: PodOutcome) => void = () => undefined;
  readonly #unfollow: () => void;
  readonly #onAbort = () => this.#settle({ type: "stopped" });

  constructor(options: AwaitOptions) {
    this.#options = options;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const { pod, watch, signal, startMs, deadline } = options;
    this.#timer("start", startMs, () => this.#checkStart());
    this.#timer("deadline", Math.max(0, deadline.getTime() - Date.now()), () => {
      this.#break("PC507", "the pull did not end within --timeout");
    });
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#unfollow = watch.follow(pod.metadata.uid, (state) => this.#onPod(state));
    if (signal.aborted) this.#onAbort();
  }

  dispose(): void {
    this.#unfollow();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #onPod(pod: Pod | undefined): void {
    if (pod === undefined) {
      this.#break("PC507", "somebody removed the test pod");
      return;
    }
    // The image of a pod may be changed after admission as well.
    const fault = this.#options.faultOf(pod);
    if (fault !== undefined) this.#break("PC508", fault);
    else this.#onState(readPodState(pod));
  }

  #onState(state: PodState): void {
    if (state.type === "broken") this.#break("PC507", state.message);
    else if (state.type === "refused") this.#onRefused(state);
    else if (state.type === "pulled" && state.ended) {
      this.#settle({ type: "pulled", ran: state.ran });
    } else if (state.type === "pulled") {
      this.#timer("end", END_MS, () => this.#settle({ type: "pulled", ran: "-" }));
    }
  }

  #onRefused({ message, detailed }: Extract<PodState, { type: "refused" }>): void {
    if (detailed) {
      this.#refuse(message);
      return;
    }
    this.#timer("words", WORDS_MS, () => this.#refuse(message));
    this.#later(this.#readWords());
  }

  /** The cause of a back-off is in an event, if the status that had it went by unseen. */
  async #readWords(): Promise<void> {
    const events = await readPodEvents(this.#options.gateway, this.#options.pod);
    const cause = events.findLast(
      ({ reason, message }) => reason === "Failed" && /^Failed to pull image/.test(message),
    );
    if (cause !== undefined) this.#refuse(cause.message);
  }

  /** Nothing said for a while: gone, still pulling, or never begun. */
  #checkStart(): void {
    this.#later(this.#judgeStart());
  }

  async #judgeStart(): Promise<void> {
    const { gateway, pod, startMs } = this.#options;
    const { status } = await gateway.request("GET", podPath(pod));
    if (status === 404) {
      this.#onPod(undefined);
      return;
    }
    const events = await readPodEvents(gateway, pod);
    if (events.some(({ reason }) => reason === "Pulling")) {
      this.#timer("start", startMs, () => this.#checkStart());
      return;
    }
    const warning = events.findLast(({ type }) => type === "Warning");
    const words = warning === undefined ? "" : `: ${warning.reason}: ${warning.message}`;
    this.#break("PC507", `no pull began within ${Math.round(startMs / 1000)} s${words}`);
  }

  #refuse(message: string): void {
    const words = message.replace(/^rpc error: code = \w+ desc = /, "");
    this.#settle({ type: "refused", message: cleanText(words, MAX_WORDS) });
  }

  #break(code: Code, message: string): void {
    this.#settle({ type: "broken", code, message: cleanText(message, MAX_WORDS) });
  }

  #timer(name: string, ms: number, action: () => void): void {
    if (this.#timers.has(name)) return;
    const fire = () => {
      this.#timers.delete(name);
      action();
    };
    this.#timers.set(name, setTimeout(fire, ms));
  }

  /** A question that fails is no answer: the watch or a timer will decide. */
  #later(work: Promise<void>): void {
    work.catch(() => this.#timer("retry", WORDS_MS, () => this.#checkStart()));
  }
}
