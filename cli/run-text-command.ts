import { suggest } from "../agent/index.ts";
import { type CommandSpec, subcommandsOf, topLevel } from "./commands/catalog.ts";
import { explainCode } from "./commands/explain-code.ts";
import { SHELLS } from "./completion.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { fail } from "./fail.ts";
import type { Host } from "./host.ts";
import { parseArgv } from "./options/parse-argv.ts";
import { quote } from "./options/values.ts";
import { usageError } from "./usage-error.ts";

/** Runs a command that only prints text: `explain` or `completion`. */
export async function runTextCommand(
  host: Host,
  spec: CommandSpec,
  argv: readonly string[],
): Promise<ExitCode> {
  try {
    const { operands, options } = await parseArgv(spec, argv);
    const [operand] = operands;
    host.stdout.write(
      spec.name === "explain"
        ? await explainCode(operand, options.text("output"))
        : completionScript(operand, host),
    );
    return exitCodeOf({ interrupted: false });
  } catch (error) {
    return await fail(host, error, { command: spec.name });
  }
}

/** Refuses a command that isn't there, and names the one that was probably meant; `name` may be of two words. */
export async function refuseCommand(host: Host, name: string): Promise<ExitCode> {
  const [group = "", word] = name.split(" ");
  if (word !== undefined) return await refuseSubcommand(host, { group, word });
  const meant = suggest(
    name,
    topLevel().map((command) => command.name),
  );
  const detail = name.startsWith("-")
    ? `the command comes first, ${quote(name)} is none`
    : `there is no command ${quote(name)}`;
  return await fail(host, usageError(detail, otherCommand(host, { name, meant })));
}

async function refuseSubcommand(
  host: Host,
  { group, word }: { readonly group: string; readonly word: string },
): Promise<ExitCode> {
  const words = subcommandsOf(group).map(({ name }) => name.slice(group.length + 1));
  const meant = suggest(word, words);
  const detail = word.startsWith("-")
    ? `the subcommand comes first, ${quote(word)} is none`
    : `${group} has no subcommand ${quote(word)}`;
  const fix =
    meant === undefined ? `see ${host.program} ${group} --help` : `did you mean ${group} ${meant}?`;
  return await fail(host, usageError(detail, fix));
}

/** Words for a look at the nodes, which is what `check` is. */
const LOOKS = /^(?:nodes?|list|ls|status|get|plan|dry-?run|diff|test)$/;

function otherCommand(
  { program }: Host,
  { name, meant }: { readonly name: string; readonly meant: string | undefined },
): string {
  if (LOOKS.test(name)) {
    return `${program} check lists the nodes and tells what a push would do, without doing it`;
  }
  return meant === undefined ? `see ${program} --help` : `did you mean ${meant}?`;
}

function completionScript(operand: string | undefined, { env: { SHELL = "" } }: Host): string {
  const wanted = operand ?? SHELL.split("/").at(-1) ?? "";
  const script = Object.entries(SHELLS).find(([name]) => name === wanted)?.[1];
  if (script === undefined)
    throw usageError(`there is no completion for ${quote(wanted)}`, "use bash or zsh");
  return script;
}
