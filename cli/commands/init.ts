import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { suggestPools } from "../../agent/index.ts";
import { configPath } from "../config-file/config-path.ts";
import { renderNewConfig } from "../config-file/new-config.ts";
import type { Ending } from "../exit-codes.ts";
import { kubectlOptions } from "../options/engine-options.ts";
import { quote } from "../options/values.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast init`: a file of pools for the cluster of the context. */
export async function initCommand(context: CommandContext): Promise<Ending> {
  const { host, args, signal } = context;
  const file = configPath(context);
  const cluster = await suggestPools(kubectlOptions(args.options), signal);
  const text = renderNewConfig(cluster);
  if (file === "-") {
    host.stdout.write(text);
    return { interrupted: false };
  }
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "write error";
    if (code === "EEXIST") {
      throw usageError(`${quote(file)} is there already`, "give another name with -f, or -f -");
    }
    throw usageError(`${quote(file)} can't be written: ${code}`, "give another place with -f");
  }
  const pools = cluster.pools.map(({ name, nodes }) => `${name} (${nodes})`).join(", ");
  host.stderr.write(`Wrote ${resolve(file)}: ${pools}\n`);
  host.stderr.write("  next: pullcast apply --dry-run\n");
  return { interrupted: false };
}
