import { type PreloadOptions, SET_NAME } from "../../agent/index.ts";
import { userCacheDir } from "../cache-dir.ts";
import type { Host } from "../host.ts";
import { usageError } from "../usage-error.ts";
import type { OptionValues } from "./parse-argv.ts";
import { expandHome, parseInteger } from "./values.ts";

/** Where blobs are kept between runs. */
export function cacheDir(options: OptionValues, host: Host): string {
  const named = options.text("cache");
  if (named !== undefined) return expandHome(named, host.homeDir);
  return userCacheDir(host, "images");
}

/** @throws {PullcastError} PC001 where it is no name of a set */
export function setName(
  options: OptionValues,
  name: "set" | "preload-set" = "set",
): { readonly set?: string } {
  const set = options.text(name);
  if (set === undefined) return {};
  if (!SET_NAME.test(set))
    throw usageError(`--${name} is not up to 40 of a-z, 0-9 and - with neither end a -`);
  return { set };
}

const BYTE_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** `20MB`, `500kB/s`, `1G`; `undefined` where it is not given. */
function bytesPerSecond(options: OptionValues, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const [, digits = "", unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)([kMG]?)B?(?:\/s)?$/.exec(text) ?? [];
  const bytes = Number(digits) * (BYTE_UNITS[unit] ?? 1);
  if (digits === "" || bytes < 1000)
    throw usageError(`--${name}: at least 1kB a second, as in 20MB`);
  return bytes;
}

/** How full a node may get. */
export function diskLimit(options: OptionValues): Pick<PreloadOptions, "diskLimit"> {
  const text = options.text("disk-limit")?.replace(/%$/, "");
  if (text === undefined) return {};
  return { diskLimit: parseInteger("disk-limit", text, { min: 1, max: 100 }) };
}

/** How fast layers may go. */
export function bandwidth(options: OptionValues): Pick<PreloadOptions, "bandwidth"> {
  const total = bytesPerSecond(options, "bandwidth");
  const perNode = bytesPerSecond(options, "node-bandwidth");
  if (total === undefined && perNode === undefined) return {};
  return {
    bandwidth: {
      ...(total === undefined ? {} : { total }),
      ...(perNode === undefined ? {} : { perNode }),
    },
  };
}
