import { configPath } from "../config-file/config-path.ts";
import { readConfig } from "../config-file/read-config.ts";
import { configSchema } from "../config-file/schema.ts";
import type { Ending } from "../exit-codes.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast config validate`: whether a file of pools can be applied, without asking a cluster. */
export async function configValidateCommand(context: CommandContext): Promise<Ending> {
  const file = configPath(context);
  const { pools } = await readConfig(file);
  const names = pools.map(({ name }) => name).join(", ");
  context.host.stdout.write(`${file} is sound: ${names}\n`);
  return { interrupted: false };
}

/** `pullcast config schema`: what a file of pools may hold, for editors. */
export async function configSchemaCommand(context: CommandContext): Promise<Ending> {
  const schema = configSchema.toJSONSchema({ io: "input" });
  context.host.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
  return { interrupted: false };
}
