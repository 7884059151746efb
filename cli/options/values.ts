import { isAbsolute, join } from "node:path";
import { type Portion, parsePortion } from "../../agent/index.ts";
import { usageError } from "../usage-error.ts";

/** Longer waits are a slip of the pen, and timers end at 24 days. */
const MAX_DURATION_MS = 24 * 3_600_000;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A duration as Go and kubectl write it (`90s`, `2m`, `1h30m`, `1.5h`), in ms.
 *
 * @throws {PullcastError} PC001 naming `option`
 */
export function parseDuration(option: string, text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) {
    throw usageError(
      `--${option}: ${quote(text)} is not a duration`,
      "write for instance 90s, 2m or 1h30m",
    );
  }
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  const ms = Math.round(total);
  if (ms < 1) throw usageError(`--${option}: ${text} is no time at all`);
  if (ms > MAX_DURATION_MS) throw usageError(`--${option}: ${text} is longer than a day`);
  return ms;
}

/** Bounds of a whole number, both included. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** @throws {PullcastError} PC001 naming `option` */
export function parseInteger(option: string, text: string, { min, max }: Bounds): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usageError(`--${option}: ${quote(text)} is not a whole number from ${min} to ${max}`);
}

/** A path with a leading `~/` opened: the shell leaves it alone in `--identity=~/key`. */
export function expandHome(path: string, homeDir: string): string {
  return path.startsWith("~/") ? join(homeDir, path.slice(2)) : path;
}

/** @throws {PullcastError} PC001 naming `option` */
export function parseAbsolutePath(option: string, path: string): string {
  const segments = path.split("/").slice(1);
  if (isAbsolute(path) && !segments.some((s) => s === "." || s === "..")) return path;
  throw usageError(`--${option}: ${quote(path)} is not an absolute path without . or ..`);
}

/** Text of the user's, in error texts. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** A number, or a share like `10%`; `undefined` where none is given. */
export function parsePortionOption(option: string, text: string | undefined): Portion | undefined {
  if (text === undefined) return undefined;
  const parsed = parsePortion(text);
  if (parsed !== undefined) return parsed;
  throw usageError(`--${option}: ${quote(text)} is neither a number nor a share like 10%`);
}
