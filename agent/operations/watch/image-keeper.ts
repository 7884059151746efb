import type { LoadedConfig } from "../../credentials/model.ts";
import { PullcastError } from "../../errors.ts";
import type { Report } from "../../events.ts";
import type { PreloadItem } from "../../model.ts";
import { knownSelection } from "../known-selection.ts";
import type { KnownCluster } from "../options.ts";
import type { PreloadOptions } from "../preload/model.ts";
import { preload } from "../preload.ts";
import { Bell } from "./bell.ts";
import { causeOf } from "./cause-of.ts";
import { LastingBackoff } from "./lasting-backoff.ts";
import type { ImagesToHold, WatchOptions } from "./model.ts";

/** The loop looks around at least so often. */
const TICK_MS = 15_000;

interface KeeperParts {
  readonly images: ImagesToHold;
  readonly cluster: () => KnownCluster;
  /** What the watch keeps fresh. */
  readonly config: () => LoadedConfig;
}

interface Due {
  readonly name: string;
  /** ms since 1970. */
  at: number;
  failures: number;
}

/**
 * Holds a set of images on nodes that are served: brings it to new ones, and looks again whether it is whole. What
 * the images' tags mean is asked once, so that a node of tomorrow has what one of today has.
 */
export class ImageKeeper {
  readonly #options: WatchOptions;
  readonly #parts: KeeperParts;
  readonly #bell = new Bell();
  readonly #backoff = new LastingBackoff(Math.random);
  readonly #due = new Map<string, Due>();
  #meaning: ReadonlyMap<string, string> | undefined;

  constructor(options: WatchOptions, parts: KeeperParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** A node is served: now it can be had. */
  add({ uid, name }: { readonly uid: string; readonly name: string }): void {
    if (this.#due.has(uid)) return;
    this.#due.set(uid, { name, at: Date.now(), failures: 0 });
    this.#bell.ring();
  }

  gone(uid: string): void {
    this.#due.delete(uid);
  }

  /** To be called once it is to stop. */
  ring(): void {
    this.#bell.ring();
  }

  /** Until the signal aborts. What a node or a registry does meanwhile is told, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = Date.now();
      const due = [...this.#due.values()].filter(({ at }) => at <= now);
      if (due.length > 0) await this.#bring(due, signal);
      const next = Math.min(now + TICK_MS, ...[...this.#due.values()].map(({ at }) => at));
      await this.#bell.wait(Math.max(0, next - Date.now()));
    }
  }

  async #bring(due: readonly Due[], signal: AbortSignal): Promise<void> {
    const items = await this.#preload(due, signal);
    if (signal.aborted) return;
    for (const one of due) {
      const own = items.filter(({ node }) => node === one.name);
      const isWhole = own.length > 0 && own.every(({ result }) => HELD.has(result));
      one.failures = isWhole ? 0 : one.failures + 1;
      const wait = isWhole
        ? this.#backoff.jittered(this.#options.resyncMs)
        : this.#backoff.after(one.failures);
      one.at = Date.now() + wait;
    }
  }

  async #preload(due: readonly Due[], signal: AbortSignal): Promise<readonly PreloadItem[]> {
    const { selection, report, proof: _proof, waves: _waves, ...options } = this.#options;
    const names = due.map(({ name }) => name);
    const { images, cluster, config } = this.#parts;
    const run: PreloadOptions = {
      ...options,
      ...images,
      ...{ way: "auto", pin: true, dryRun: false, signal },
      credentials: config(),
      report: forImages(report),
      selection: knownSelection(selection, names, cluster()),
      ...(this.#meaning === undefined ? {} : { meaning: this.#meaning }),
    };
    try {
      const { items } = await preload(run);
      this.#meaning ??= new Map(
        items.flatMap(({ image, digest }) => (digest === undefined ? [] : [[image, digest]])),
      );
      return items;
    } catch (error) {
      if (signal.aborted) return [];
      if (!(error instanceof PullcastError)) throw error;
      report({ type: "notice", notice: causeOf(error) });
      return [];
    }
  }
}

const HELD: ReadonlySet<PreloadItem["result"]> = new Set(["loaded", "present"]);

/** What was there already is nobody's news. */
function forImages(report: Report): Report {
  return (event) => {
    if (event.type === "image-finished" && event.item.result !== "present") report(event);
  };
}
