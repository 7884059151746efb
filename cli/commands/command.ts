import type { ApproveHostKeys, PushOptions, Report as ReportEvent } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import type { ParsedArgs } from "../options/parse-argv.ts";
import type { Report } from "../render/document.ts";
import type { EventStream } from "../reporters/event-stream.ts";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  readonly args: ParsedArgs;
  /** Aborts when the user asks to stop. */
  readonly signal: AbortSignal;
  readonly report: ReportEvent;
  /** Takes the status off the terminal, so that a question can stand there. */
  readonly hold: () => void;
  /** Shows a run's plan and asks whether it should go on. */
  readonly confirm: NonNullable<PushOptions["confirm"]>;
  /** Shows unknown host keys and asks whether to trust them; absent where there is no terminal to ask on. */
  readonly approveHostKeys?: ApproveHostKeys;
  /** The pool of a file that is pushed to. */
  readonly pool?: string;
  /** Where `--events` leads. */
  readonly events?: EventStream;
  /** Prints reports in the format asked for, and their summary; called once. */
  readonly present: (reports: readonly Report[]) => Promise<void>;
}

/** Checks its options, calls one operation of the engine, presents what came of it. */
export type Command = (context: CommandContext) => Promise<Ending>;
