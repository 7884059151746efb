import { secretVerify } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { proofOptions } from "../../options/engine-options.ts";
import { secretRunOptions } from "../../options/secret-options.ts";
import type { CommandContext } from "../command.ts";
import { presentSecretVerify } from "./present.ts";

/** `pullcast secret verify`: whether pods pull with what their ServiceAccounts give them. */
export async function secretVerifyCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const { namespace: _pods, proof: _kind, ...proof } = proofOptions(args.options, host);
  const { name: _secret, ...run } = secretRunOptions(context);
  const report = await secretVerify({ ...run, ...proof });
  await presentSecretVerify(context, report);
  return { interrupted: report.interrupted, pulls: report.items };
}
