import { describeCode, planPools } from "../../agent/index.ts";
import { configPath } from "../config-file/config-path.ts";
import { poolArguments } from "../config-file/flags.ts";
import { givenFlags, parseFlags } from "../config-file/given-flags.ts";
import { readConfig } from "../config-file/read-config.ts";
import type { ConfigFile, PoolConfig } from "../config-file/schema.ts";
import { type Ending, exitCodeOf } from "../exit-codes.ts";
import { kubectlOptions, runOptions } from "../options/engine-options.ts";
import type { OptionValues, ParsedArgs } from "../options/parse-argv.ts";
import { quote } from "../options/values.ts";
import type { Report } from "../render/document.ts";
import { nameList } from "../render/groups.ts";
import { usageError } from "../usage-error.ts";
import { APPLY, optionsOf, PUSH } from "./catalog.ts";
import type { CommandContext } from "./command.ts";
import { pushCommand } from "./push.ts";

/** Options of an apply that are none of a push. */
const OWN: ReadonlySet<string> = new Set(["file", "pool"]);

/** A pool of the file, and what a push of it is told. */
interface PoolRun {
  readonly name: string;
  readonly args: ParsedArgs;
  /** Later pools are begun whatever becomes of this one. */
  readonly goesOn: boolean;
}

/** `pullcast apply`: what a file says of its pools, one after the other. */
export async function applyCommand(context: CommandContext): Promise<Ending> {
  const { options } = context.args;
  const file = configPath(context);
  const config = await readConfig(file);
  const chosen = choosePools(config, options.list("pool"));
  const runs = await Promise.all(
    chosen.map((pool) => poolRun(pool, { config, file, given: options })),
  );
  const empty = await plan(context, { config, runs, all: options.list("pool").length === 0 });
  const reports: Report[] = [];
  const endings: Ending[] = [];
  let stopped: string | undefined;
  const left: string[] = [];
  try {
    for (const { name, args, goesOn } of runs) {
      if (empty.has(name)) continue;
      if (stopped !== undefined || context.signal.aborted) {
        left.push(name);
        continue;
      }
      const ending = await pushCommand({
        ...context,
        args,
        pool: name,
        present: async (made) => {
          reports.push(...made);
        },
      });
      endings.push(ending);
      if (!goesOn && exitCodeOf(ending) !== 0) stopped = name;
    }
  } finally {
    if (left.length > 0) notBegun(context, left, stopped);
    if (reports.length > 0) await context.present(reports);
  }
  return together(endings, context.signal.aborted);
}

function choosePools({ pools }: ConfigFile, names: readonly string[]): readonly PoolConfig[] {
  if (pools.length === 0) {
    throw usageError("the file has no pools", "its secrets are for pullcast secret apply -f FILE");
  }
  const unknown = names.find((name) => pools.every((pool) => pool.name !== name));
  if (unknown !== undefined) {
    const known = pools.map(({ name }) => name).join(", ");
    throw usageError(`--pool: there is no pool ${quote(unknown)}`, `the file has ${known}`);
  }
  return names.length === 0 ? pools : pools.filter(({ name }) => names.includes(name));
}

/** What stands on the command line takes the place of what the file says. */
async function poolRun(
  pool: PoolConfig,
  from: { readonly config: ConfigFile; readonly file: string; readonly given: OptionValues },
): Promise<PoolRun> {
  const { config, file, given } = from;
  const { operands, flags } = poolArguments(config, pool, file);
  const all = new Map([...flags, ...givenFlags(given, optionsOf(APPLY), OWN)]);
  if (given.given("dry-run")) for (const name of CHANGING_FLAGS) all.delete(name);
  const part = `pool ${pool.name} of ${quote(file)}`;
  return {
    name: pool.name,
    args: await parseFlags(PUSH, { flags: all, operands }, part),
    goesOn: all.get("on-failure")?.[0] === "continue",
  };
}

/** Nothing is proven or restarted where nothing is changed. */
const CHANGING_FLAGS = [
  ...["verify", "verify-between", "image", "proof", "timeout", "max-pulls", "assume-private"],
  ...["namespace", "restart-kubelet", "max-unavailable", "ready-timeout"],
  "kubelet-restart-command",
];

interface Plan {
  readonly config: ConfigFile;
  readonly runs: readonly PoolRun[];
  /** All pools are applied: what none of them has is worth a word. */
  readonly all: boolean;
}

/** Looks at all pools before the first is touched; returns those without a node. */
async function plan(context: CommandContext, { config, runs, all }: Plan): Promise<Set<string>> {
  const [first] = runs;
  const id = config.cluster?.id;
  const pools = await Promise.all(
    runs.map(async ({ name, args }) => {
      const { selection } = await runOptions(args, context);
      return { name, selection };
    }),
  );
  const { empty, unassigned } = await planPools({
    kubectl: kubectlOptions((first?.args ?? context.args).options),
    ...(id === undefined ? {} : { clusterId: id }),
    pools,
    all,
    signal: context.signal,
  });
  if (empty.length > 0) notice(context, "PC152", nameList(empty));
  if (unassigned.length > 0) notice(context, "PC153", nameList(unassigned));
  return new Set(empty);
}

function notBegun(context: CommandContext, pools: readonly string[], after: string | undefined) {
  const why = after === undefined ? "the run was interrupted" : `${after} did not end well`;
  notice(context, "PC154", `${nameList(pools)}: ${why}`);
}

function notice(context: CommandContext, code: "PC152" | "PC153" | "PC154", detail: string): void {
  const message = `${describeCode(code).title}: ${detail}`;
  context.report({ type: "notice", notice: { code, message } });
}

function together(endings: readonly Ending[], interrupted: boolean): Ending {
  const pulls = endings.flatMap((ending) => ending.pulls ?? []);
  return {
    interrupted: interrupted || endings.some((ending) => ending.interrupted),
    nodes: endings.flatMap((ending) => ending.nodes ?? []),
    ...(pulls.length === 0 ? {} : { pulls }),
  };
}
