import type { FrozenImage } from "../../images/frozen-image.ts";
import type { NodeReport, PreloadItem, Target } from "../../model.ts";
import { causeOf } from "../look-at-nodes.ts";
import { unansweredResult } from "../node-report.ts";
import type { ImageOutcome } from "./load-node.ts";

/** What became of an image on a node, over all tries. */
interface Progress {
  outcome: ImageOutcome | undefined;
  sentBytes: number;
}

/** Keeps what becomes of each image on each node of a run. */
export class PreloadBook {
  readonly #images: readonly FrozenImage[];
  readonly #progress: ReadonlyMap<string, ReadonlyMap<string, Progress>>;
  readonly #left: { readonly node: string; readonly image: string }[] = [];
  #wasPulled: (node: string, image: FrozenImage) => boolean = () => false;

  constructor(images: readonly FrozenImage[], targets: readonly Target[]) {
    this.#images = images;
    const blank = (): [string, Progress][] =>
      images.map(({ name }) => [name, { outcome: undefined, sentBytes: 0 }]);
    this.#progress = new Map(targets.map(({ name }) => [name, new Map(blank())]));
  }

  /** Takes an image's outcome; a later try's takes the place of an earlier one's. */
  tell(node: string, image: FrozenImage, outcome: ImageOutcome): void {
    const one = this.#of(node, image.name);
    if (one === undefined) return;
    const isPulled =
      outcome.result === "loaded" && outcome.missingBytes === 0 && this.#wasPulled(node, image);
    one.outcome = better(one.outcome, isPulled ? { ...outcome, way: "pull" } : outcome);
  }

  /** From here on, what came without a byte from here came by the node's own pull, where it made one. */
  pulledBy(wasPulled: (node: string, image: FrozenImage) => boolean): void {
    this.#wasPulled = wasPulled;
  }

  sent(node: string, { name }: FrozenImage, bytes: number): void {
    const one = this.#of(node, name);
    if (one !== undefined) one.sentBytes += bytes;
  }

  sentBytes(node: string, { name }: FrozenImage): number {
    return this.#of(node, name)?.sentBytes ?? 0;
  }

  /** Takes references that a set let go; each once, however many tries told it. */
  let(node: string, refs: readonly string[]): void {
    for (const image of refs) {
      const isKnown = this.#left.some((one) => one.node === node && one.image === image);
      if (!isKnown) this.#left.push({ node, image });
    }
  }

  /** What sets let go. */
  get left(): readonly { readonly node: string; readonly image: string }[] {
    return this.#left;
  }

  /** Takes what a pod on the node has shown. */
  prove({ node, image, result, starts, code, message }: PreloadItem): void {
    const one = this.#of(node, image);
    if (one?.outcome === undefined || starts === undefined) return;
    one.outcome = {
      ...{ ...one.outcome, result, starts },
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
    };
  }

  /** An item for each image, by how the node's job ended. */
  itemsOf(report: NodeReport): PreloadItem[] {
    return this.#images.map((image) => itemOf(report, image, this.#of(report.node, image.name)));
  }

  #of(node: string, image: string): Progress | undefined {
    return this.#progress.get(node)?.get(image);
  }
}

/** After a lost link an image that was loaded is present: it was this run's doing all the same. */
function better(before: ImageOutcome | undefined, now: ImageOutcome): ImageOutcome {
  return before?.result === "loaded" && now.result === "present" ? before : now;
}

function itemOf(
  report: NodeReport,
  image: FrozenImage,
  progress: Progress | undefined,
): PreloadItem {
  const { node, uid, warnings, transport, transportReason } = report;
  const base = {
    node,
    ...(uid === undefined ? {} : { uid }),
    image: image.name,
    digest: image.top.digest,
    ...(transport === undefined ? {} : { transport }),
    ...(transportReason === undefined ? {} : { transportReason }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(report.wave === undefined ? {} : { wave: report.wave }),
    durationMs: report.durationMs,
  };
  const sent =
    progress === undefined || progress.sentBytes === 0 ? {} : { sentBytes: progress.sentBytes };
  const outcome = progress?.outcome;
  if (outcome !== undefined) return { ...base, ...outcome, ...sent };
  return {
    ...base,
    result: unansweredResult(report),
    ...causeOf(report),
    ...sent,
  };
}
