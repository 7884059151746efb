import { push, type WaveOptions } from "../../agent/index.ts";
import { isYes } from "../confirm-host-keys.ts";
import type { Ending } from "../exit-codes.ts";
import { pushRestart } from "../options/delivery-options.ts";
import { pushOptions } from "../options/push-options.ts";
import { waveOptions } from "../options/wave-options.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";
import { endProven, proofAfter } from "./proof-after.ts";

/** `pullcast push`: credentials to nodes, and with `--verify` the proof. */
export async function pushCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const proof = proofAfter(context);
  const restart = pushRestart(options);
  const dryRun = dryRunOption(context);
  const waves = waveOptions(options, proof);
  const pushed = await pushOptions(context);
  const report = await push({
    ...pushed,
    ...(dryRun === undefined ? {} : { dryRun }),
    // No other form shows them.
    fingerprints: ["json", "yaml"].includes(options.text("output") ?? ""),
    ...(restart === undefined ? {} : { restart }),
    ...(waves === undefined ? {} : { waves: { ...waves, ...pauses(context) } }),
    ...(options.on("yes") ? {} : { confirm: context.confirm }),
  });
  return await endProven(context, report, {
    proof: options.on("verify") ? proof : undefined,
    proves: ({ result }) => result === "updated" || result === "unchanged",
    none: "no node has the file",
  });
}

/** Whoever sits at a terminal is asked; elsewhere a pause ends the run. */
function pauses({ host, signal, hold }: CommandContext): Pick<WaveOptions, "mayGoOn"> {
  const { ask } = host;
  if (ask === undefined) return {};
  return {
    mayGoOn: async ({ ended: { wave }, nextNodes, of }) => {
      hold();
      const nodes = nextNodes === 1 ? "1 node" : `${nextNodes} nodes`;
      return isYes(await ask(`Go on with wave ${wave + 1} of ${of}, ${nodes}? [y/N] `, signal));
    },
  };
}

function dryRunOption({ args: { options } }: CommandContext): "client" | "server" | undefined {
  const mode = options.text("dry-run");
  if (mode === undefined) return undefined;
  for (const name of ["verify", "verify-between", "restart-kubelet"]) {
    if (options.given(name)) throw usageError(`--${name} and --dry-run exclude each other`);
  }
  return mode === "server" ? "server" : "client";
}
