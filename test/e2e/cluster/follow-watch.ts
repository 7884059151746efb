import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { PullcastEvent } from "../../../agent/index.ts";
import type { CliRun, CliUser } from "../cli.ts";

/** One line of a watch's JSON log. */
interface LogEntry {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly event: PullcastEvent;
}

type Event<Type extends PullcastEvent["type"]> = Extract<PullcastEvent, { type: Type }>;

/** A running `pullcast watch`, followed by its log. */
export interface FollowedWatch {
  /** Resolves with the first event of the type, after the last one taken, that fits. */
  next<Type extends PullcastEvent["type"]>(
    type: Type,
    fits?: (event: Event<Type>) => boolean,
  ): Promise<Event<Type>>;
  /** The same, from the very first event on; what was taken before stays where it was. */
  ever<Type extends PullcastEvent["type"]>(
    type: Type,
    fits?: (event: Event<Type>) => boolean,
  ): Promise<Event<Type>>;
  /** All lines so far. */
  readonly log: readonly LogEntry[];
  readonly pid: number;
  /** Its resident memory now. */
  rssMb(): Promise<number>;
  /** Ends it by SIGTERM, and resolves with its outcome. */
  stop(): Promise<CliRun>;
}

/** Longer than any test's step: a step that doesn't come fails with what was said instead. */
const PATIENCE_MS = 60_000;

/** Starts `pullcast COMMAND ARGS`, a watch, with a JSON log of all that happens. */
export function followWatch(
  user: CliUser,
  command: readonly string[],
  args: readonly string[],
): FollowedWatch {
  const { child, ended } = user.start([...command, "--log-format", "json", "-v", ...args]);
  if (child.stdout === null) throw new Error("its output is no pipe");
  const log: LogEntry[] = [];
  const wakers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    log.push(JSON.parse(line) as LogEntry);
    for (const wake of wakers) wake();
  });
  let taken = 0;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
    for (const wake of wakers) wake();
  });
  const find = async <Type extends PullcastEvent["type"]>(
    type: Type,
    from: number,
    fits: (event: Event<Type>) => boolean,
  ): Promise<number> => {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = log.findIndex(
        ({ event }, index) => index >= from && event.type === type && fits(event as never),
      );
      if (at >= 0) return at;
      if (isOver || Date.now() > end) {
        const said = log.slice(from).map(({ msg }) => msg);
        const why = isOver ? `, it ended: ${(await ended).stderr}` : "";
        throw new Error(`no ${type}${why}; since the last: ${said.slice(-30).join("\n")}`);
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          wakers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, end - Date.now() + 1);
        wakers.add(done);
      });
    }
  };
  return {
    log,
    pid: child.pid ?? 0,
    async next(type, fits = () => true) {
      taken = (await find(type, taken, fits)) + 1;
      return log[taken - 1]?.event as never;
    },
    async ever(type, fits = () => true) {
      return log[await find(type, 0, fits)]?.event as never;
    },
    async rssMb() {
      const text = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024);
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "close");
      }
      return await ended;
    },
  };
}
