import { failedNodes, type PushOptions } from "../../agent/index.ts";
import type { CommandContext } from "../commands/command.ts";
import type { Host } from "../host.ts";
import { usageError } from "../usage-error.ts";
import { deliveryOptions } from "./delivery-options.ts";
import { judgeOptions, nodeRunOptions, registryAccess, some, stateDir } from "./engine-options.ts";
import type { OptionValues, ParsedArgs } from "./parse-argv.ts";
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
  for (const name of ["hosts", "hosts-from"]) {
    if (options.on("annotate") && options.given(name)) {
      throw usageError(`--annotate writes to a cluster, --${name} asks none`);
    }
  }
  const narrowed = await onlyFailed(args, host);
  const source = sourceOptions(options, host);
  const merge = mergeOptions(options);
  return {
    ...(await nodeRunOptions(narrowed, { host, ...context })),
    ...judgeOptions(options),
    ...registryAccess(options, host),
    ...merge,
    ...deliveryOptions(options),
    annotate: options.on("annotate"),
    ...some("operator", host.operator?.()),
    ...some("pool", context.pool),
    source,
  };
}

/** With `--failed`, the nodes of its record take the place of a selection. */
async function onlyFailed(args: ParsedArgs, host: Host): Promise<ParsedArgs> {
  const { operands, options } = args;
  if (!options.on("failed")) {
    if (options.given("run")) throw usageError("--run needs --failed");
    return args;
  }
  const stray = ["selector", "field-selector", "exclude", "hosts", "hosts-from"].find((name) =>
    options.given(name),
  );
  if (stray !== undefined || operands.length > 0) {
    throw usageError(`--failed chooses the nodes${stray === undefined ? "" : `, --${stray} too`}`);
  }
  const { context, nodes } = await failedNodes(stateDir(host), options.text("run"));
  const given = options.text("context");
  if (given !== undefined && given !== context) {
    throw usageError(`that push was to ${context ?? "--hosts"}, --context says ${given}`);
  }
  if (context !== undefined) {
    return { operands: nodes.map(({ name }) => name), options: withTexts(options, { context }) };
  }
  const hosts = nodes.map(({ name, address }) => `${name}=${address}`).join(",");
  return { operands: [], options: withTexts(options, { hosts }) };
}

/** Options as if these had been given as well. */
function withTexts(options: OptionValues, texts: Readonly<Record<string, string>>): OptionValues {
  return {
    text: (name) => texts[name] ?? options.text(name),
    list: (name) => {
      const text = texts[name];
      return text === undefined ? options.list(name) : [text];
    },
    on: (name) => options.on(name),
    inOrder: (names) => options.inOrder(names),
    given: (name) => name in texts || options.given(name),
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
