import type { NodeReport, Notice, PullcastEvent } from "../../agent/index.ts";
import { formatBytes } from "../render/bytes.ts";

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** One event in words. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

/** What a watch's log says of an event; `undefined` for what is said by another one. */
export function logLine(event: PullcastEvent): LogLine | undefined {
  switch (event.type) {
    case "notice":
      return { level: "info", text: coded(event.notice) };
    case "cluster-listed":
      return {
        level: "info",
        text: `following the cluster: ${count(event.count, event.what.slice(0, -1))}`,
      };
    case "namespace-finished":
      return namespaced(event);
    case "revision":
      return { level: "info", text: `daemonset ${event.agent}: rolling out ${event.revision}` };
    case "namespace-gone":
      return { level: "info", text: `namespace ${event.namespace}: it is served no more` };
    case "cluster-lost":
      return repeated(event.failures, `the cluster can't be followed: ${coded(event.cause)}`);
    case "node-seen":
      return seen(event);
    case "node-gone":
      return { level: "info", text: `${event.node}: it is gone` };
    case "node-finished":
      return finished(event.report);
    case "node-served":
      return served(event);
    case "node-state":
      return {
        level: STATE_LEVELS[event.state] ?? "debug",
        text: `${event.node}: ${event.state}${event.cause === undefined ? "" : `: ${coded(event.cause)}`}`,
      };
    case "pull-finished": {
      const { node, result, image, durationMs, code, message = "" } = event.report;
      if (result === "pulled")
        return { level: "debug", text: `${node}: pulled ${image}, ${seconds(durationMs)}` };
      return {
        level: "warn",
        text: `${node}: ${result}: ${code === undefined ? message : `${code} ${message}`}`,
      };
    }
    case "image-finished": {
      const { node, result, image, sentBytes = 0, durationMs, code, message = "" } = event.item;
      if (result === "loaded")
        return {
          level: "info",
          text: `${node}: has ${image}: ${formatBytes(sentBytes)} sent, ${seconds(durationMs)}`,
        };
      const why = code === undefined ? message : `${code} ${message}`;
      return { level: "warn", text: `${node}: ${image}: ${result}: ${why}` };
    }
    case "trust-finished": {
      const { node, result, keys, code, message = "" } = event.report;
      if (result === "failed") return { level: "warn", text: `${node}: ${code} ${message}` };
      return {
        level: "info",
        text: `${node}: host keys by the API server: ${result}, ${count(keys.length, "key")}`,
      };
    }
    case "restart":
      return { level: "info", text: `${event.node}: kubelet ${event.state}` };
    case "wave-started":
      return {
        level: "info",
        text: `wave ${event.wave} of ${event.of}: ${count(event.nodes.length, "node")}`,
      };
    case "rolling-back":
      return {
        level: "warn",
        text: `rolling back ${count(event.nodes.length, "node")}: ${coded(event.cause)}`,
      };
    case "credentials-loaded":
      return loaded(event);
    case "credentials-failed":
      return credentialsFailed(event);
    case "gate-opened":
      return event.forced
        ? {
            level: "warn",
            text: `${event.node}: PC182 the startup taint was taken off without a proof`,
          }
        : { level: "info", text: `${event.node}: the startup taint was taken off` };
    case "gate-failed":
      return { level: "warn", text: `${event.node}: ${coded(event.cause)}` };
    default:
      return undefined;
  }
}

/** What else becomes of a node is told by its push or its proof. */
const STATE_LEVELS: Readonly<Record<string, LogLevel>> = { contested: "warn", skipped: "info" };

type Event<Type extends PullcastEvent["type"]> = Extract<PullcastEvent, { type: Type }>;

function seen({ node, as }: Event<"node-seen">): LogLine {
  const words = {
    present: "it is there",
    new: "it is new",
    replaced: "another machine by this name",
    rebooted: "it was restarted",
  };
  return { level: as === "present" ? "debug" : "info", text: `${node}: ${words[as]}` };
}

function finished(report: NodeReport): LogLine {
  const { node, result, code, message, fix, durationMs, hostKeyBy, warnings = [] } = report;
  if (result === "updated" || result === "unchanged") {
    const key = hostKeyBy === undefined ? "" : `, host key ${KEY_WORDS[hostKeyBy]}`;
    const more = warnings.map((one) => `; ${coded(one)}`).join("");
    return {
      level: result === "updated" || hostKeyBy === "accepted" ? "info" : "debug",
      text: `${node}: ${result}, ${seconds(durationMs)}${key}${more}`,
    };
  }
  const why = code === undefined ? (message ?? "") : `${code} ${message ?? ""}`;
  return {
    level: "warn",
    text: `${node}: ${result}: ${why}${fix === undefined ? "" : `; fix: ${fix}`}`,
  };
}

const KEY_WORDS: Readonly<Record<NonNullable<NodeReport["hostKeyBy"]>, string>> = {
  "known-hosts": "in known_hosts",
  pinned: "pinned",
  "certificate-authority": "by a certificate authority",
  accepted: "new and accepted",
};

function namespaced(event: Event<"namespace-finished">): LogLine {
  const { namespace, result, code, message, fix, accounts, sinceSeenMs } = event;
  const name = `namespace ${namespace}: ${result}`;
  if (code !== undefined) {
    const mend = fix === undefined ? "" : `; fix: ${fix}`;
    return {
      level: result === "skipped" ? "debug" : "warn",
      text: `${name}: ${code} ${message ?? ""}${mend}`,
    };
  }
  const named = accounts.length === 0 ? "" : `, named by ${accounts.join(", ")}`;
  const since = sinceSeenMs === undefined ? "" : `, ${seconds(sinceSeenMs)} after it was seen`;
  return { level: result === "unchanged" ? "debug" : "info", text: `${name}${named}${since}` };
}

function served({ node, stage, sinceSeenMs, sinceCreatedMs }: Event<"node-served">): LogLine {
  const what = stage === "file" ? "has its file" : "has pulled";
  const made = sinceCreatedMs === undefined ? "" : `, ${seconds(sinceCreatedMs)} after it was made`;
  return {
    level: "info",
    text: `${node}: ${what} ${seconds(sinceSeenMs)} after it was seen${made}`,
  };
}

function loaded({ source, changed, entries, nextAt, kept }: Event<"credentials-loaded">): LogLine {
  const [first] = entries.flatMap(({ expiresAt }) => expiresAt ?? []).sort();
  const end = first === undefined ? "" : `, the first ends ${first}`;
  const stays = kept.map((one) => `; kept as it was: ${coded(one)}`).join("");
  const text = `${source}: ${count(entries.length, "credential")}${changed ? "" : ", unchanged"}${end}; asked next ${nextAt}${stays}`;
  return { level: kept.length > 0 ? "warn" : changed ? "info" : "debug", text };
}

function credentialsFailed(event: Event<"credentials-failed">): LogLine {
  const { cause, failures, lastGoodUntil } = event;
  const isOver = lastGoodUntil !== undefined && Date.parse(lastGoodUntil) <= Date.now();
  const until =
    lastGoodUntil === undefined
      ? ""
      : isOver
        ? `, which ended ${lastGoodUntil}`
        : ` until ${lastGoodUntil}`;
  const line = repeated(
    failures,
    `the credential source failed: ${coded(cause)}; the last good ones stay${until}`,
  );
  return isOver && line.level === "warn" ? { ...line, level: "error" } : line;
}

/** A failure that goes on is told ever more rarely: the 1st, 2nd, 4th, 8th, … */
function repeated(failures: number, text: string): LogLine {
  const isTold = (failures & (failures - 1)) === 0;
  return {
    level: isTold ? "warn" : "debug",
    text: failures > 1 ? `${text} (${failures} times)` : text,
  };
}

function coded({ code, message }: Notice): string {
  return `${code} ${message}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
