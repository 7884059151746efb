import type { AgentInstallOptions, AgentRunOptions, AgentTarget } from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import { usageError } from "../usage-error.ts";
import { kubectlOptions } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import {
  parseAbsolutePath,
  parseDuration,
  parseInteger,
  parsePortionOption,
  quote,
} from "./values.ts";
import { waveOptions } from "./wave-options.ts";

/** As the API server takes names of namespaces and of what is in them. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** A label or an annotation as it may be given: its value in small bounds, or in any letters that are printed. */
export const LABEL = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,316})=([A-Za-z0-9._-]{0,63})$/;
export const ANNOTATION = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,316})=([\x20-\x7e]{0,1024})$/;

/**
 * Options of every operation on the DaemonSet.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function agentRunOptions({ args, signal, report }: CommandContext): AgentRunOptions {
  const { options } = args;
  return {
    kubectl: kubectlOptions(options),
    namespace: plainName(options, "namespace"),
    name: plainName(options, "name"),
    signal,
    report,
  };
}

function plainName(options: OptionValues, option: "name" | "namespace"): string {
  const text = options.text(option) ?? "";
  if (NAME.test(text)) return text;
  throw usageError(`--${option}: ${quote(text)} is not a name of small letters, digits and dashes`);
}

/**
 * How the DaemonSet is made.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function agentSettings(options: OptionValues): AgentInstallOptions["settings"] {
  const image = options.text("image");
  if (image === undefined) {
    throw usageError(
      "--image REF is missing",
      "build it: docker build --target agent -t REF . , and push it where all nodes can pull it",
    );
  }
  const maxUnavailable = options.text("max-unavailable") ?? "";
  parsePortionOption("max-unavailable", maxUnavailable);
  const target = (options.text("target") ?? "kubelet") as AgentTarget;
  if (target !== "kubelet" && options.given("kubelet-root-dir"))
    throw usageError(`--kubelet-root-dir is for --target kubelet, not ${target}`);
  return {
    image,
    target,
    rootDir: parseAbsolutePath("kubelet-root-dir", options.text("kubelet-root-dir") ?? ""),
    maxUnavailable,
    pollSeconds: parseInteger("poll", options.text("poll") ?? "", { min: 5, max: 3600 }),
    takeBackOnStop: options.on("take-back-on-stop"),
    nodeSelector: keyValues(options, "node-label", LABEL),
  };
}

/** The waves of a first install, and how long each may take. */
export function agentRollout(
  options: OptionValues,
): Pick<AgentInstallOptions, "waves" | "timeoutMs"> {
  const { sizes } = waveOptions(options, undefined) ?? {};
  return {
    ...(sizes === undefined ? {} : { waves: sizes }),
    timeoutMs: parseDuration("timeout", options.text("timeout") ?? ""),
  };
}

/**
 * What an option that is given as KEY=VALUE says, in all its places.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function keyValues(
  options: OptionValues,
  option: string,
  form: RegExp,
): Record<string, string> {
  return Object.fromEntries(
    options.list(option).map((text) => {
      const [, key = "", value = ""] = form.exec(text) ?? [];
      if (key !== "") return [key, value];
      throw usageError(`--${option}: ${quote(text)} is not KEY=VALUE`);
    }),
  );
}
