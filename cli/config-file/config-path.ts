import { CONFIG_FILE } from "../commands/catalog.ts";
import type { CommandContext } from "../commands/command.ts";
import { expandHome } from "../options/values.ts";

/** Where the file is: relative to the working directory, `~/` opened. */
export function configPath({ args, host }: Pick<CommandContext, "args" | "host">): string {
  return expandHome(args.options.text("file") ?? CONFIG_FILE, host.homeDir);
}
