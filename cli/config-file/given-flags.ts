import { PullcastError } from "../../agent/index.ts";
import type { CommandSpec } from "../commands/command-spec.ts";
import { type OptionValues, type ParsedArgs, parseArgv } from "../options/parse-argv.ts";
import type { OptionSpec } from "../options/specs.ts";
import { usageError } from "../usage-error.ts";

/** What stands on the command line, as flags by name; `except` names those that are none of the other command. */
export function givenFlags(
  given: OptionValues,
  specs: readonly OptionSpec[],
  except: ReadonlySet<string>,
): [string, readonly string[]][] {
  return specs.flatMap(({ name, value }) => {
    if (except.has(name) || !given.given(name)) return [];
    return [[name, value === undefined ? [String(given.on(name))] : given.list(name)]];
  });
}

/**
 * Flags and operands as if they had been given to a command.
 *
 * @param part - which part of the file they are of, for the error: `pool gpu of "pullcast.yaml"`
 * @throws {PullcastError} PC001 naming the part and the option
 */
export async function parseFlags(
  command: CommandSpec,
  said: {
    readonly flags: ReadonlyMap<string, readonly string[]>;
    readonly operands?: readonly string[];
  },
  part: string,
): Promise<ParsedArgs> {
  const { flags, operands = [] } = said;
  const argv = [...flags].flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
  try {
    return await parseArgv(command, [...argv, "--", ...operands]);
  } catch (error) {
    if (!(error instanceof PullcastError)) throw error;
    throw usageError(`${part}: ${error.detail}`, error.fix);
  }
}
