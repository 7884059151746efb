import type { PushOptions } from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import { usageError } from "../usage-error.ts";
import { judgeOptions, nodeRunOptions, registryAccess, some } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";
import { sourceOptions } from "./source-options.ts";

type MergeOptions = Pick<
  PushOptions,
  "merge" | "dropInvalid" | "importHidden" | "fieldManager" | "operator"
>;

/** What is the same for a push and for what only tells of one. */
export async function pushOptions({
  args,
  host,
  ...context
}: CommandContext): Promise<PushOptions> {
  const { options } = args;
  const source = sourceOptions(options, host);
  const merge = mergeOptions(options);
  return {
    ...(await nodeRunOptions(args, { host, ...context })),
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...merge,
    ...some("operator", host.operator),
    source,
  };
}

function mergeOptions(options: OptionValues): MergeOptions {
  for (const name of ["drop-invalid", "import-hidden"]) {
    if (options.given(name) && !options.on("merge")) throw usageError(`--${name} needs --merge`);
  }
  return {
    merge: options.on("merge"),
    dropInvalid: options.on("drop-invalid"),
    importHidden: options.on("import-hidden"),
    ...some("fieldManager", options.text("field-manager")),
  };
}
