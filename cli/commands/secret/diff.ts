import type { Ending } from "../../exit-codes.ts";
import type { CommandContext } from "../command.ts";
import { applySecrets } from "./apply.ts";

/** `pullcast secret diff`: what an apply would change, by the API server's own word. */
export async function secretDiffCommand(context: CommandContext): Promise<Ending> {
  return { ...(await applySecrets(context, { dryRun: true })), compares: true };
}
