import { COMMANDS, type CommandSpec } from "./commands/catalog.ts";
import { explainCode } from "./commands/explain-code.ts";
import { SHELLS } from "./completion.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { fail } from "./fail.ts";
import type { Host } from "./host.ts";
import { parseArgv } from "./options/parse-argv.ts";
import { suggest } from "./options/suggest.ts";
import { quote } from "./options/values.ts";
import { usageError } from "./usage-error.ts";

/** Runs a command that only prints text: `explain` or `completion`. */
export async function runTextCommand(
  host: Host,
  spec: CommandSpec,
  argv: readonly string[],
): Promise<ExitCode> {
  try {
    const [operand] = (await parseArgv(spec, argv)).operands;
    host.stdout.write(
      spec.name === "explain" ? explainCode(operand) : completionScript(operand, host),
    );
    return exitCodeOf({ interrupted: false });
  } catch (error) {
    return fail(host, error);
  }
}

/** Refuses a command that isn't there, and names the one that was probably meant. */
export function refuseCommand(host: Host, name: string): ExitCode {
  const meant = suggest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const detail = name.startsWith("-")
    ? `the command comes first, ${quote(name)} is none`
    : `there is no command ${quote(name)}`;
  const fix = meant === undefined ? `see ${host.program} --help` : `did you mean ${meant}?`;
  return fail(host, usageError(detail, fix));
}

function completionScript(operand: string | undefined, { env: { SHELL = "" } }: Host): string {
  const wanted = operand ?? SHELL.split("/").at(-1) ?? "";
  const script = Object.entries(SHELLS).find(([name]) => name === wanted)?.[1];
  if (script === undefined)
    throw usageError(`there is no completion for ${quote(wanted)}`, "use bash or zsh");
  return script;
}
