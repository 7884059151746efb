import { type NodeReport, type RemoveOptions, remove } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions, restartOptions, some } from "../options/engine-options.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";
import { endProven, proofAfter } from "./proof-after.ts";

/** Results that leave nothing of ours for what was named. */
const TAKEN: ReadonlySet<NodeReport["result"]> = new Set([
  "updated",
  "unchanged",
  "restored",
  "removed",
]);

/** `pullcast remove`: takes our entries off nodes, and with `--verify` proves that their pulls are denied. */
export async function removeCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const proof = proofAfter(context);
  const dryRun = args.options.on("dry-run");
  for (const name of ["verify", "restart-kubelet"]) {
    if (dryRun && args.options.given(name)) {
      throw usageError(`--${name} and --dry-run exclude each other`);
    }
  }
  const restart = restartOptions(args.options);
  const nodeRun = await nodeRunOptions(args, context);
  const report = await remove({
    ...nodeRun,
    dryRun,
    registries: args.options.list("registry"),
    ...some("delivery", args.options.text("delivery") as RemoveOptions["delivery"]),
    ...some("operator", host.operator?.()),
    ...some("restart", restart),
  });
  return await endProven(context, report, {
    proof: proof === undefined ? undefined : { ...proof, expect: "denial" },
    proves: ({ result }) => TAKEN.has(result),
    none: "no node came to its end",
  });
}
