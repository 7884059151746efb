import type { PlannedEvent, PullcastEvent } from "../../agent/index.ts";
import type { ErrorDocument, ReportDocument } from "../render/document.ts";

/** The form of the lines; fields are added, never changed or taken away, while it stays the same. */
export const EVENTS_VERSION = "pullcast.dev/events/v1alpha1";

/** A machine of a plan: what the API server says of it besides is not repeated. */
export interface PlannedTarget {
  readonly node: string;
  readonly host: string;
  readonly port?: number;
  readonly addressKind: string;
  /** Absent for `--hosts`. */
  readonly uid?: string;
}

/** The first line: it names the form of all that follow. */
export interface StreamLine {
  readonly type: "stream";
  readonly version: typeof EVENTS_VERSION;
  /** The version of the program. */
  readonly pullcast: string;
  readonly command: string;
}

/** The run knows its targets; nothing has been touched. */
export interface PlannedLine extends Omit<PlannedEvent, "targets"> {
  readonly targets: readonly PlannedTarget[];
}

/** The last line: what came of the run, the same as `-o json` prints, or the error that ended it. */
export interface ReportLine {
  readonly type: "report";
  readonly report: ReportDocument | ErrorDocument;
}

/** What a line says; new types of lines and new fields may come, readers pass over those they don't know. */
export type Line = StreamLine | Exclude<PullcastEvent, PlannedEvent> | PlannedLine | ReportLine;

/** One line of `--events`. */
export type EventLine = Line & {
  /** RFC 3339: when it was written. */
  readonly time: string;
};
