import type {
  NodeReport,
  Notice,
  PreloadItem,
  PullcastEvent,
  PullReport,
  TrustedNode,
} from "../../agent/index.ts";
import { formatBytes } from "../render/bytes.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { ENDED_WELL } from "../render/ended-well.ts";
import { GROUP_FROM, nameList } from "../render/groups.ts";
import { formatClock, formatDuration } from "../render/time.ts";
import { type Plan, renderHeader } from "./header.ts";
import type { Sink } from "./sink.ts";

/** How much is told: `quiet` only failures, `verbose` each step. */
export type Level = "quiet" | "normal" | "verbose";

/** Failures told one by one; the summary has them all. */
const MAX_FAILURE_LINES = 20;

/** How often a log tells what went so far, ms. */
const SENT_LINE_MS = 15_000;

/** Named elsewhere: in the header, and at the interruption. */
const QUIET_ENDS: ReadonlySet<string> = new Set(["skipped", "not-attempted"]);

/** A node that came to its end. */
type Finished = NodeReport | PullReport | TrustedNode | PreloadItem;

interface ProgressOptions {
  readonly level: Level;
  /** Whether each failure gets a line when it happens. */
  readonly failures: boolean;
}

/** Turns a run's events into lines and a status, as they come. */
export class Progress {
  readonly #sink: Sink;
  readonly #level: Level;
  readonly #failures: boolean;
  /** Messages of failures that have a line. */
  readonly told: Set<string> = new Set();
  #plan: Plan | undefined;
  #early: Notice[] = [];
  readonly #toldNotices = new Set<string>();
  #done = 0;
  readonly #ended = new Set<string>();
  #bad = 0;
  #percent = 0;
  #waiting = "";
  /** A first line comes when the run has lasted as long: short ones need none. */
  #nextSentLine = Date.now() + SENT_LINE_MS;

  constructor(sink: Sink, { level, failures }: ProgressOptions) {
    this.#sink = sink;
    this.#level = level;
    this.#failures = failures || level === "verbose";
  }

  /** The engine's `Report`: never throws. */
  readonly handle = (raw: PullcastEvent): void => {
    const event = cleanDeep(raw);
    switch (event.type) {
      case "planned":
        this.#planned(event);
        break;
      case "notice":
        this.#notice(event.notice);
        break;
      case "node-started":
        this.#tell("verbose", `${event.node}: started`);
        break;
      case "wave-started":
        this.#tell("normal", `Wave ${event.wave} of ${event.of}: ${nameList(event.nodes)}`);
        break;
      case "wave-finished":
        this.#tell("normal", waveLine(event));
        break;
      case "rolling-back":
        this.#tell("quiet", `! ${event.cause.code} ${event.cause.message}`);
        this.#tell("quiet", `Rolling back on ${nameList(event.nodes)}`);
        break;
      case "node-finished":
      case "trust-finished":
        this.#finished(event.report);
        break;
      case "image-finished":
        this.#image(event.item);
        break;
      case "bytes-sent":
        this.#sent(event);
        break;
      case "pull-finished":
        // Between the waves of a push the node was counted already.
        if (this.#plan?.operation === "verify") this.#finished(event.report);
        else this.#pulled(event.report);
        break;
      case "restart":
        this.#restart(event);
        break;
      case "waiting":
        this.#wait(event);
        break;
      case "checking":
        this.#checking(event.groups);
        break;
      case "cleaned":
        this.#tell("verbose", `removed ${plural(event.pods, "test pod")}`);
        break;
      case "interrupted":
        this.#interrupted(event.unfinished);
        break;
      // A watch has a log of its own.
      default:
    }
  };

  /** Removes the status until something happens, so that a question can stand there. */
  hold(): void {
    this.#sink.end();
  }

  /** Removes the status and tells what was held back. */
  close(): void {
    // What goes with the plan has no place without one.
    if (this.#plan === undefined) this.#early = this.#early.filter(({ code }) => code !== "PC611");
    this.#flush();
    this.#sink.end();
  }

  #planned(plan: Plan): void {
    this.#plan = plan;
    this.#done = 0;
    this.#ended.clear();
    this.#bad = 0;
    this.#percent = 0;
    for (const line of renderHeader(plan)) this.#tell("normal", line);
    this.#flush();
    this.#status();
  }

  /** Notices about the source come before the plan; they read better after it. */
  #notice(notice: Notice): void {
    if (this.#plan === undefined) this.#early.push(notice);
    else this.#tellNotice(notice);
  }

  #flush(): void {
    for (const notice of this.#early) this.#tellNotice(notice);
    this.#early = [];
  }

  #tellNotice({ code, message }: Notice): void {
    const line = `! ${code} ${message}`;
    if (this.#toldNotices.has(line)) return;
    this.#toldNotices.add(line);
    this.#tell("normal", line);
  }

  /** A pull between waves. */
  #pulled(report: PullReport): void {
    if (ENDED_WELL.has(report.result)) this.#good(report);
    else if (!QUIET_ENDS.has(report.result)) this.#failed(report);
  }

  #finished(report: Finished): void {
    // A node that is rolled back ends once more.
    this.#ended.add(report.node);
    this.#done = this.#ended.size;
    if ("transport" in report)
      this.#tell("verbose", `${report.node}: by ${report.transport}: ${report.transportReason}`);
    if (ENDED_WELL.has(report.result)) this.#good(report);
    else if (!QUIET_ENDS.has(report.result)) this.#failed(report);
    this.#percentLine();
    this.#status();
  }

  #image(item: PreloadItem): void {
    this.#ended.add(item.node);
    this.#done = this.#ended.size;
    if (ENDED_WELL.has(item.result)) {
      const level = this.#sink.live || this.#total >= GROUP_FROM ? "verbose" : "normal";
      const sent = item.sentBytes === undefined ? "" : `, ${formatBytes(item.sentBytes)} sent`;
      this.#tell(level, `${item.node}: ${item.result} ${item.image}${sent}`);
    } else if (!QUIET_ENDS.has(item.result)) this.#failed(item);
    this.#percentLine();
    this.#status();
  }

  /** A terminal counts in place; a log gets a line now and then. */
  #sent(event: Extract<PullcastEvent, { type: "bytes-sent" }>): void {
    const text = sentText(event);
    if (this.#level === "quiet") return;
    if (this.#sink.live) {
      this.#sink.status(`${this.#counts()}; ${text}`);
    } else if (Date.now() >= this.#nextSentLine) {
      this.#nextSentLine = Date.now() + SENT_LINE_MS;
      this.#tell("normal", text);
    }
  }

  #good({ node, result, durationMs }: Finished): void {
    const level = this.#sink.live || this.#total >= GROUP_FROM ? "verbose" : "normal";
    this.#tell(level, `${node}: ${result} (${formatDuration(durationMs)})`);
  }

  #failed({ node, result, code, message }: Finished): void {
    this.#bad += 1;
    if (!this.#failures) return;
    if (this.#bad > MAX_FAILURE_LINES && this.#level !== "verbose") return;
    if (message !== undefined) this.told.add(message);
    const what = [code, message].filter((text) => text !== undefined).join(" ");
    this.#tell("quiet", `${node}: ${result}${what === "" ? "" : `: ${what}`}`);
    if (this.#bad === MAX_FAILURE_LINES) this.#tell("quiet", "more failures follow in the summary");
  }

  /** In a log of many nodes: a line for each 5 %. */
  #percentLine(): void {
    if (this.#sink.live || this.#total < GROUP_FROM) return;
    const percent = Math.floor((this.#done / this.#total) * 20) * 5;
    if (percent === this.#percent) return;
    this.#percent = percent;
    this.#tell("normal", `${this.#counts()} (${percent} %)`);
  }

  #restart({ node, state, done, total }: Extract<PullcastEvent, { type: "restart" }>): void {
    const texts = {
      restarting: ["verbose", "kubelet is being restarted"],
      "waiting-ready": ["verbose", "waiting for Ready"],
      ready: ["normal", "kubelet restarted"],
      failed: ["quiet", "kubelet restart failed"],
    } as const;
    const [level, text] = texts[state];
    this.#tell(level, `${node}: ${text} (${done} of ${total})`);
    if (done < total) this.#sink.status(`Restarting kubelets: ${node} (${done} of ${total} done)`);
    else this.#status();
  }

  #wait({ nodes, until, nextTryMs }: Extract<PullcastEvent, { type: "waiting" }>): void {
    const who = `not yet: ${plural(nodes.length, "node")}`;
    const text = `${who} (${nameList(nodes)}): an older file may be in use until ${formatClock(until)}`;
    // A terminal counts down in place; a log gets a line when something changed.
    if (this.#sink.live) {
      this.#sink.status(`${text}; next try in ${formatDuration(nextTryMs)}`);
    } else if (text !== this.#waiting) {
      this.#tell("normal", text);
    }
    this.#waiting = text;
  }

  #checking(groups: readonly string[]): void {
    if (this.#level !== "quiet" && groups.length > 0) {
      this.#sink.status(`Checking ${groups.join(", ")}`);
    }
  }

  #interrupted(unfinished: readonly string[]): void {
    const who =
      unfinished.length === 0 ? "all nodes had ended" : `unfinished: ${nameList(unfinished)}`;
    this.#tell("quiet", `Interrupted; ${who}`);
  }

  get #total(): number {
    return this.#plan?.targets.length ?? 0;
  }

  #counts(): string {
    const failed = this.#bad === 0 ? "" : `, ${this.#bad} not well`;
    return `${this.#done} of ${plural(this.#total, "node")} done${failed}`;
  }

  #status(): void {
    if (this.#level !== "quiet" && this.#total > 0) this.#sink.status(this.#counts());
  }

  #tell(level: Level, text: string): void {
    if (RANK[level] <= RANK[this.#level]) this.#sink.line(text);
  }
}

function sentText({
  sentBytes,
  expectedBytes,
  bytesPerSecond,
  etaMs,
}: Extract<PullcastEvent, { type: "bytes-sent" }>): string {
  const rate =
    bytesPerSecond === undefined || etaMs === undefined
      ? ""
      : `, ${formatBytes(bytesPerSecond)}/s, ${formatDuration(etaMs)} to go`;
  return `${formatBytes(sentBytes)} of ${formatBytes(expectedBytes)} sent${rate}`;
}

function waveLine({ wave, of, nodes, failed, durationMs }: WaveFinished): string {
  const bad = failed === 0 ? "" : `, ${failed} failed`;
  return `Wave ${wave} of ${of} ended: ${plural(nodes, "node")}${bad} (${formatDuration(durationMs)})`;
}

type WaveFinished = Extract<PullcastEvent, { type: "wave-finished" }>;

const RANK: Readonly<Record<Level, number>> = { quiet: 0, normal: 1, verbose: 2 };

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
