import type { OptionValues } from "../options/parse-argv.ts";
import type { OptionSpec } from "../options/specs.ts";

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

/** Flags as arguments. */
export function argvOf(flags: ReadonlyMap<string, readonly string[]>): string[] {
  return [...flags].flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
}
