import type { PushOptions } from "../../agent/index.ts";
import { usageError } from "../usage-error.ts";
import { restartOptions, some } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import { parseInteger } from "./values.ts";

/** Options that say how a kubelet reads its own file: a provider has other ways. */
const OF_FILES = ["restart-kubelet", "kubelet-restart-command", "import-hidden"] as const;

/** More ports than a kubelet's list of patterns should hold. */
const MAX_PORTS = 50;

/**
 * How credentials reach the kubelet.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function deliveryOptions(
  options: OptionValues,
): Pick<PushOptions, "delivery" | "providerPorts"> {
  const ports = options.text("provider-ports");
  if (options.text("delivery") !== "provider") {
    if (ports !== undefined) throw usageError("--provider-ports needs --delivery provider");
    return {};
  }
  const stray = OF_FILES.find((name) => options.given(name));
  if (stray !== undefined) {
    throw usageError(
      `--${stray} is for --delivery file: a provider needs one restart, which comes`,
    );
  }
  return { delivery: "provider", ...some("providerPorts", providerPorts(ports)) };
}

/** How kubelets are restarted: those that may use an older file, or those that are to ask a provider. */
export function pushRestart(options: OptionValues): PushOptions["restart"] {
  return restartOptions(options, options.text("delivery") === "provider");
}

function providerPorts(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const ports = text
    .split(",")
    .map((port) => String(parseInteger("provider-ports", port.trim(), { min: 1, max: 65_535 })));
  if (ports.length > MAX_PORTS) throw usageError(`--provider-ports: ${ports.length} are too many`);
  return [...new Set(ports)];
}
