import type { Host, Output } from "../host.ts";
import type { Paint } from "./table.ts";

const RED = 31;
const GREEN = 32;
const YELLOW = 33;

/** Colours of results; all others stay plain. */
const RESULT_COLOR: Readonly<Record<string, number>> = {
  updated: GREEN,
  loaded: GREEN,
  present: GREEN,
  unchanged: GREEN,
  restored: GREEN,
  pulled: GREEN,
  revoked: GREEN,
  served: RED,
  removed: GREEN,
  current: GREEN,
  expiring: YELLOW,
  drifted: YELLOW,
  hidden: RED,
  missing: RED,
  unreadable: RED,
  ok: GREEN,
  failed: RED,
  "rolled-back": RED,
  denied: RED,
  "not-found": RED,
  "denied-or-missing": RED,
  tls: RED,
  unreachable: RED,
  disk: RED,
  "no-platform": RED,
  "rate-limited": YELLOW,
  unknown: YELLOW,
  warning: YELLOW,
  "not-tried": YELLOW,
  public: YELLOW,
  unproven: YELLOW,
  "not-yet": YELLOW,
  "not-attempted": YELLOW,
};

/** Whether a stream gets colours (no-color.org): a terminal that can, and nobody said no. */
export function wantsColor(host: Pick<Host, "env">, stream: Output, noColor: boolean): boolean {
  const { NO_COLOR, TERM } = host.env;
  return stream.isTTY === true && !noColor && !NO_COLOR && TERM !== "dumb";
}

/** Paints the RESULT column. */
export const paintResult: Paint = (text, column) => {
  const color = column === "RESULT" ? RESULT_COLOR[text] : undefined;
  return color === undefined ? text : `\u001b[${color}m${text}\u001b[0m`;
};
