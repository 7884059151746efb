import type { PullcastEvent } from "../../agent/index.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { type LogLevel, logLine } from "./log-line.ts";

interface LogOptions {
  readonly format: "text" | "json";
  /** The least that is told. */
  readonly level: LogLevel;
  readonly write: (line: string) => void;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes a watch's log: a line for each event that says something. */
export function watchLog({ format, level, write }: LogOptions): (event: PullcastEvent) => void {
  return (event) => {
    const clean = cleanDeep(event);
    const line = logLine(clean);
    if (line === undefined || ORDER.indexOf(line.level) < ORDER.indexOf(level)) return;
    const time = new Date().toISOString();
    const text =
      format === "json"
        ? JSON.stringify({ time, level: line.level, msg: line.text, event: clean })
        : `${time}  ${line.level.padEnd(5)}  ${line.text}`;
    write(`${text}\n`);
  };
}
