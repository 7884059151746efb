import type { PullcastEvent } from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import type { Ending } from "../exit-codes.ts";
import { Health } from "./health.ts";
import { watchLog } from "./log.ts";

/** What a watch tells while it is at work. */
export interface WatchSinks {
  readonly report: (event: PullcastEvent) => void;
  readonly onTick: () => void;
}

/** Runs a watch until it is stopped: its events go to the log, to `--events`, to health and metrics. */
export async function runWatch(
  { args: { options }, host, events }: CommandContext,
  work: (sinks: WatchSinks) => Promise<void>,
): Promise<Ending> {
  const log = watchLog({
    format: options.text("log-format") === "json" ? "json" : "text",
    level: options.on("quiet") ? "warn" : options.on("verbose") ? "debug" : "info",
    write: (line) => host.stdout.write(line),
  });
  const health = new Health();
  const listening = await listenOn(options.text("listen"), health);
  if (listening !== undefined && !options.on("quiet"))
    host.stderr.write(`Listening on ${listening.at}: /healthz /readyz /metrics\n`);
  try {
    await work({
      report: (event) => {
        events?.event(event);
        health.event(event);
        listening?.metrics.event(event);
        log(event);
      },
      onTick: () => health.tick(),
    });
  } finally {
    await listening?.close();
  }
  // Whoever stops it is content: that is no interruption.
  return { interrupted: false };
}

async function listenOn(text: string | undefined, health: Health) {
  if (text === undefined) return undefined;
  const { listen, parseListen } = await import("./listen.ts");
  const address = parseListen(text);
  const { WatchMetrics } = await import("./metrics.ts");
  const metrics = new WatchMetrics();
  return { metrics, ...(await listen({ address, health, metrics })) };
}
