import { requireCluster } from "../../../agent/index.ts";
import { groupFlags } from "../../config-file/flags.ts";
import { givenFlags, parseFlags } from "../../config-file/given-flags.ts";
import { kubectlOptions } from "../../options/engine-options.ts";
import type { ParsedArgs } from "../../options/parse-argv.ts";
import { expandHome, quote } from "../../options/values.ts";
import { usageError } from "../../usage-error.ts";
import { optionsOf } from "../catalog.ts";
import type { CommandContext } from "../command.ts";
import { APPLY } from "./specs.ts";

/** What a file says instead. */
const IN_FILE = [
  ...["namespace", "namespace-selector", "all-namespaces", "exclude", "name", "config"],
  ...[
    "from-secret",
    "from-cloud",
    "registry",
    "username",
    "password-stdin",
    "only",
    "except",
    "all-from-store",
  ],
  ...["service-account", "all-service-accounts"],
];

const OWN: ReadonlySet<string> = new Set(["file", "group"]);

/** A group of namespaces of a file, and what an apply of it is told. */
export interface GroupRun {
  /** Absent where no file told of groups. */
  readonly group?: string;
  readonly args: ParsedArgs;
}

/**
 * The runs that a command line asks for: one, or with `--file` one for each group, whose cluster must be this one.
 *
 * @throws {PullcastError} PC001 naming the option or the fault, PC150 on another cluster
 */
export async function groupRuns({ args, host, signal }: CommandContext): Promise<GroupRun[]> {
  const { options } = args;
  const wanted = options.list("group");
  const path = options.text("file");
  if (path === undefined) {
    if (wanted.length > 0) throw usageError("--group needs --file");
    return [{ args }];
  }
  const stray = IN_FILE.find((name) => options.given(name));
  if (stray !== undefined) throw usageError(`--file says what --${stray} says`);
  const file = expandHome(path, host.homeDir);
  // What checks a file takes longer to load than all else of an apply without one.
  const { readConfig } = await import("../../config-file/read-config.ts");
  const config = await readConfig(file);
  const known = config.secrets.map(({ name }) => name);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined || known.length === 0) {
    throw usageError(
      unknown === undefined ? "the file has no secrets" : `there is no group ${quote(unknown)}`,
      known.length === 0 ? "its pools are for pullcast apply" : `the file has ${known.join(", ")}`,
    );
  }
  const chosen = config.secrets.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const runs: GroupRun[] = [];
  for (const group of chosen) {
    const flags = new Map([
      ...groupFlags(config, group, file),
      ...givenFlags(options, optionsOf(APPLY), OWN),
    ]);
    const part = `group ${group.name} of ${quote(file)}`;
    runs.push({ group: group.name, args: await parseFlags(APPLY, { flags }, part) });
  }
  const [first] = runs;
  const id = config.cluster?.id;
  if (id !== undefined && first !== undefined) {
    await requireCluster(kubectlOptions(first.args.options), id, signal);
  }
  return runs;
}
