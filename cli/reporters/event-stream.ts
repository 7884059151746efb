import { closeSync, openSync, writeSync } from "node:fs";
import type { PullcastEvent } from "../../agent/index.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import type { ErrorDocument, ReportDocument } from "../render/document.ts";
import { EVENTS_VERSION, type EventLine, type Line } from "./event-lines.ts";

/** A run's events as lines of JSON, for programs that follow it. */
export interface EventStream {
  readonly event: (event: PullcastEvent) => void;
  /** The last line: what came of the run, the same as `-o json` prints, or its error. */
  readonly end: (document: ReportDocument | ErrorDocument) => void;
  readonly close: () => void;
}

interface StreamOptions {
  /** A path, or `-` for standard output. */
  readonly target: string;
  readonly version: string;
  readonly command: string;
  readonly stdout: { write(text: string): unknown };
  /** Told once where the file can't be written any more: that must not end the run. */
  readonly onLoss: (reason: string) => void;
}

/**
 * Opens the stream and writes its first line, which names the form.
 *
 * @throws what the file system throws
 */
export function openEventStream(options: StreamOptions): EventStream {
  const { target, version, command, stdout, onLoss } = options;
  // Others must not read whom a cluster's operators serve.
  const file = target === "-" ? undefined : openSync(target, "w", 0o600);
  let lost = false;
  const write = (line: Line) => {
    if (lost) return;
    const timed: EventLine = { time: new Date().toISOString(), ...line };
    const text = `${JSON.stringify(timed)}\n`;
    try {
      if (file === undefined) stdout.write(text);
      else writeSync(file, text);
    } catch (error) {
      lost = true;
      onLoss(error instanceof Error ? error.message : String(error));
    }
  };
  write({ type: "stream", version: EVENTS_VERSION, pullcast: version, command });
  return {
    event: (event) => write(cleanDeep(plain(event))),
    end: (document) => write({ type: "report", report: document }),
    close: () => {
      if (file !== undefined) closeSync(file);
    },
  };
}

/** What the contract has of an event: a plan names its nodes, it doesn't repeat all that the API says of them. */
function plain(event: PullcastEvent): Line {
  if (event.type !== "planned") return event;
  return {
    ...event,
    targets: event.targets.map(({ name, host, port, addressKind, node }) => ({
      node: name,
      host,
      ...(port === undefined ? {} : { port }),
      addressKind,
      ...(node === undefined ? {} : { uid: node.uid }),
    })),
  };
}
