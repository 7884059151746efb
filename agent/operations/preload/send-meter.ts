import { performance } from "node:perf_hooks";
import type { Report } from "../../events.ts";

/** How often is told what went. */
const TOLD_EVERY_MS = 1000;
/** The rate is that of so long a time. */
const WINDOW_MS = 10_000;

/**
 * Counts layers' bytes on their way to all nodes, and tells about once a second how far they came. What nodes lack
 * that nobody has looked at yet is taken for as much as the others lacked.
 */
export class SendMeter {
  readonly #report: Report;
  readonly #nodes: number;
  readonly #now: () => number;
  readonly #missing = new Map<string, number>();
  readonly #looked = new Set<string>();
  readonly #samples: { readonly at: number; readonly sent: number }[] = [];
  #sent = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param now - the time in ms, by whatever clock */
  constructor(report: Report, nodes: number, now: () => number = () => performance.now()) {
    this.#report = report;
    this.#nodes = nodes;
    this.#now = now;
  }

  /** What a node lacks of an image; told again after a lost link, it takes the place of what was told before. */
  lacks(node: string, image: string, bytes: number): void {
    this.#missing.set(`${node} ${image}`, bytes);
    this.#looked.add(node);
  }

  sent(bytes: number): void {
    this.#sent += bytes;
    const at = this.#now();
    if (at - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = at;
    this.#samples.push({ at, sent: this.#sent });
    while (at - (this.#samples[0]?.at ?? at) > WINDOW_MS) this.#samples.shift();
    const expectedBytes = Math.max(this.#expected, this.#sent);
    const bytesPerSecond = this.#rate;
    this.#report({
      type: "bytes-sent",
      sentBytes: this.#sent,
      expectedBytes,
      ...(bytesPerSecond === undefined
        ? {}
        : {
            bytesPerSecond: Math.round(bytesPerSecond),
            etaMs: Math.round(((expectedBytes - this.#sent) / bytesPerSecond) * 1000),
          }),
    });
  }

  get #expected(): number {
    const known = [...this.#missing.values()].reduce((sum, bytes) => sum + bytes, 0);
    const looked = Math.max(1, this.#looked.size);
    return Math.round((known * Math.max(this.#nodes, looked)) / looked);
  }

  get #rate(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at === first.at) return undefined;
    return ((last.sent - first.sent) / (last.at - first.at)) * 1000 || undefined;
  }
}
