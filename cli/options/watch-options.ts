import {
  type AgentWatchOptions,
  type CredentialSource,
  parseTaint,
  type WatchOptions,
} from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import { proofAfter } from "../commands/proof-after.ts";
import type { Host } from "../host.ts";
import { usageError } from "../usage-error.ts";
import { pushRestart } from "./delivery-options.ts";
import {
  judgeOptions,
  kubectlOptions,
  registryAccess,
  some,
  trustOptions,
} from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import { bandwidth, cacheDir, diskLimit, setName } from "./preload-options.ts";
import { PRELOAD_SET } from "./preload-specs.ts";
import { pushOptions } from "./push-options.ts";
import { namesSource, sourceOptions } from "./source-options.ts";
import {
  ANNOTATE,
  DELIVERY,
  FORCE,
  GATE,
  MERGE,
  PROOF,
  RESTART,
  SSH,
  TARGET_FILE,
  TARGETS,
  TRUST_NEW,
  WAVES,
} from "./specs.ts";
import { parseDuration, quote } from "./values.ts";
import { waveOptions } from "./wave-options.ts";

/**
 * What a watch is told.
 *
 * @throws {PullcastError} PC001 naming the option, PC264 where a password is asked for and nobody gives one
 */
export async function watchOptions(context: CommandContext): Promise<WatchOptions> {
  const { options } = context.args;
  namedSource(options, context.host);
  if (options.text("host-key-checking") === "accept-new" && options.on("no-node-check")) {
    throw usageError(
      "--host-key-checking accept-new needs the node check: who takes any key must know the machine otherwise",
    );
  }
  const proof = proofAfter(context);
  const restart = pushRestart(options);
  const waves = waveOptions(options, proof);
  const { approveHostKeys: _nobody, ...pushed } = await pushOptions(context);
  return {
    ...pushed,
    ...some("proof", proof),
    ...some("restart", restart),
    ...some("waves", waves),
    ...keepOptions(options),
    ...some("gate", gate(options)),
    ...some("images", imagesToHold(context)),
    ...(options.on("trust-new") ? { trustNew: trustNew(context) } : {}),
  };
}

/** What reaches nodes by SSH alone. */
const OF_SSH: readonly string[] = [
  ...[...TARGETS.options, ...SSH.options, ...TARGET_FILE, ...MERGE, ...DELIVERY],
  ...[...RESTART, ...WAVES, ...GATE, ...TRUST_NEW, ...PROOF, ANNOTATE, FORCE],
  ...PRELOAD_SET,
].map(({ name }) => name);

/**
 * What a watch of the DaemonSet is told.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function agentWatchOptions(context: CommandContext): AgentWatchOptions {
  const { args, host, signal, report } = context;
  const { options, operands } = args;
  const stray = OF_SSH.find((name) => options.given(name));
  if (stray !== undefined || operands.length > 0) {
    throw usageError(
      `${stray === undefined ? "NODE" : `--${stray}`} is for --deliver ssh: the DaemonSet has nodes and files of its own`,
    );
  }
  const [namespace = "", name = "", more] = (options.text("agent") ?? "").split("/");
  if (!NAME.test(namespace) || !NAME.test(name) || more !== undefined)
    throw usageError(`--agent: ${quote(options.text("agent") ?? "")} is not NAMESPACE/NAME`);
  const { resyncMs: _own, ...keep } = keepOptions(options);
  return {
    kubectl: kubectlOptions(options),
    namespace,
    name,
    signal,
    report,
    ...keep,
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...some("operator", host.operator?.()),
    source: namedSource(options, host),
  };
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** How often a watch looks at what it keeps, and at its source. */
export function keepOptions(
  options: OptionValues,
): Pick<WatchOptions, "resyncMs" | "reloadMs" | "refreshAt"> {
  return {
    resyncMs: parseDuration("resync", options.text("resync") ?? ""),
    reloadMs: parseDuration("reload", options.text("reload") ?? ""),
    refreshAt: refreshAt(options.text("refresh-at") ?? ""),
  };
}

/**
 * A source that was named, and can be read again.
 *
 * @throws {PullcastError} PC001 naming the option
 */
export function namedSource(options: OptionValues, host: Host): CredentialSource {
  refuseUnnamed(options);
  refuseStdin(options);
  return sourceOptions(options, host);
}

/** Nobody can be asked whether credentials that were found somewhere may go to all nodes. */
function refuseUnnamed(options: OptionValues): void {
  // One login comes by standard input, which has a refusal of its own.
  if (namesSource(options)) return;
  throw usageError(
    "a watch needs a named source: --config FILE, --from-secret NAMESPACE/NAME or --from-cloud HOST",
  );
}

/** What is read once can't be read again when it has changed. */
function refuseStdin(options: OptionValues): void {
  const reader = options.list("config").includes("-") ? "--config -" : undefined;
  const stdin = reader ?? (options.given("password-stdin") ? "--password-stdin" : undefined);
  if (stdin === undefined) return;
  throw usageError(
    `${stdin}: a watch reads its source again and again`,
    "keep the credentials in a file (--config FILE), a Secret (--from-secret), or a credential helper",
  );
}

function refreshAt(text: string): number {
  const [, percent = ""] = /^(\d{1,2})%$/.exec(text) ?? [];
  const value = Number(percent);
  if (percent !== "" && value >= 1 && value <= 95) return value / 100;
  throw usageError(`--refresh-at: ${quote(text)} is no share from 1% to 95%`);
}

function gate(options: OptionValues): WatchOptions["gate"] {
  const text = options.text("gate");
  const after = options.text("gate-open-after");
  if (text === undefined) {
    if (after !== undefined) throw usageError("--gate-open-after needs --gate");
    return undefined;
  }
  if (!options.on("verify")) {
    throw usageError("--gate opens for proven nodes: it needs --verify --image REF");
  }
  const taint = parseTaint(text);
  if (taint === undefined) {
    throw usageError(
      `--gate: ${quote(text)} is no taint`,
      "write KEY, KEY=VALUE or KEY=VALUE:EFFECT",
    );
  }
  return {
    taint,
    ...(after === undefined ? {} : { openAfterMs: parseDuration("gate-open-after", after) }),
  };
}

/** The set that a watch holds; without an image none. */
function imagesToHold({ args: { options }, host }: CommandContext): WatchOptions["images"] {
  const images = options.list("preload");
  if (images.length === 0) {
    const stray = PRELOAD_SET.map(({ name }) => name).find((name) => options.given(name));
    if (stray !== undefined) throw usageError(`--${stray} needs --preload`);
    return undefined;
  }
  const { set } = setName(options, "preload-set");
  return {
    ...registryAccess(options, host),
    ...{ images, set: set ?? "watch", cacheDir: cacheDir(options, host) },
    ...bandwidth(options),
    ...diskLimit(options),
    layerMs: parseDuration("layer-timeout", options.text("layer-timeout") ?? ""),
  };
}

function trustNew({
  args: { options },
  host,
}: CommandContext): NonNullable<WatchOptions["trustNew"]> {
  const {
    concurrency: _slots,
    replace: _never,
    image: _proof,
    ...rest
  } = trustOptions(options, host);
  return {
    ...rest,
    // A key that differs from a pin is somebody's to look at.
    replace: false,
    image: options.text("trust-image") ?? "",
    concurrency: 10,
    timeoutMs: TRUST_MS,
  };
}

/** How long a node's keys are waited for. */
const TRUST_MS = 2 * 60_000;
