import type { Portion, WaveOptions } from "../../agent/index.ts";
import { usageError } from "../usage-error.ts";
import type { ProofOptions } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import { parsePortionOption, quote } from "./values.ts";

/** More waves than anybody waits for. */
const MAX_WAVES = 50;

/**
 * How a run is cut into waves; `undefined` where no option asks for it.
 *
 * @param proof - what `--verify-between` asks for
 * @throws {PullcastError} PC001 naming the option
 */
export function waveOptions(
  options: OptionValues,
  proof: ProofOptions | undefined,
): Omit<WaveOptions, "mayGoOn"> | undefined {
  const names = ["waves", "wave-by", "verify-between", "max-failures", "on-failure", "pause-after"];
  if (!names.some((name) => options.given(name))) return undefined;
  const sizes = waveSizes(options.text("waves"));
  const by = options.text("wave-by");
  const maxFailures = parsePortionOption("max-failures", options.text("max-failures"));
  const onFailure = options.text("on-failure") as WaveOptions["onFailure"];
  const pauseAfter = pause(options.text("pause-after"));
  if (onFailure === "continue" && maxFailures !== undefined) {
    throw usageError("--on-failure continue goes on whatever fails: leave --max-failures out");
  }
  if (pauseAfter !== undefined && sizes === undefined && by === undefined) {
    throw usageError("--pause-after needs --waves or --wave-by");
  }
  return {
    ...(sizes === undefined ? {} : { sizes }),
    ...(by === undefined ? {} : { by: label(by) }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(pauseAfter === undefined ? {} : { pauseAfter }),
    ...(options.on("verify-between") && proof !== undefined ? { proof } : {}),
  };
}

function waveSizes(text: string | undefined): readonly Portion[] | undefined {
  if (text === undefined) return undefined;
  const sizes = text.split(",").map((size) => parsePortionOption("waves", size));
  const known = sizes.flatMap((size) => (size === undefined ? [] : [size]));
  if (known.length > MAX_WAVES) throw usageError(`--waves: ${known.length} waves are too many`);
  for (const [index, size] of known.entries()) {
    const before = known[index - 1];
    const isZero = "count" in size ? size.count === 0 : size.percent === 0;
    if (isZero || (before !== undefined && !mayFollow(before, size))) {
      throw usageError(
        `--waves: ${quote(text)} does not grow`,
        "each size tells how many nodes are done after its wave, for instance 1,10%,100%",
      );
    }
  }
  return known;
}

/** A count and a share can be compared only where the nodes are known. */
function mayFollow(before: Portion, size: Portion): boolean {
  if ("count" in before && "count" in size) return size.count > before.count;
  if ("percent" in before && "percent" in size) return size.percent > before.percent;
  return true;
}

function pause(text: string | undefined): number | "each" | undefined {
  if (text === undefined || text === "each") return text;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw usageError(`--pause-after: ${quote(text)} is neither the number of a wave nor each`);
}

/** As the API server takes them: a longer text would only never match. */
function label(text: string): string {
  if (/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text))
    return text;
  throw usageError(`--wave-by: ${quote(text)} is no label`);
}
