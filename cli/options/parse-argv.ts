import yargs, { type Argv } from "yargs";
import { type CommandSpec, optionsOf } from "../commands/catalog.ts";
import { usageError } from "../usage-error.ts";
import { normalizeArgv } from "./normalize-argv.ts";
import type { OptionSpec } from "./specs.ts";
import { quote } from "./values.ts";

/** What stood on the command line after the command's name. */
export interface ParsedArgs {
  readonly operands: readonly string[];
  readonly options: OptionValues;
}

/** Options by name; absent ones have their default, if any. */
export interface OptionValues {
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  on(name: string): boolean;
  /** All values of some options, in the order of the command line. */
  inOrder(names: readonly string[]): readonly (readonly [name: string, value: string])[];
  /** Whether the user gave it. */
  given(name: string): boolean;
}

/**
 * Parses a command's arguments.
 *
 * @throws {PullcastError} PC001 naming the option or argument
 */
export async function parseArgv(
  command: CommandSpec,
  argv: readonly string[],
): Promise<ParsedArgs> {
  const specs = optionsOf(command);
  const normal = normalizeArgv(argv, specs);
  const parser = configure(yargs([...normal]), specs);
  const parsed = (await parser.parseAsync()) as Record<string, unknown>;
  for (const spec of specs) check(spec, parsed[spec.name]);
  const { _: words, "--": rest } = parsed;
  const operands = [...strings(words), ...strings(rest)];
  checkOperands(command, operands);
  return { operands, options: new Values(parsed, { specs, normal }) };
}

function configure(parser: Argv, specs: readonly OptionSpec[]): Argv {
  const named = (isOf: (spec: OptionSpec) => boolean) => specs.filter(isOf).map(({ name }) => name);
  // By kinds, not one by one: yargs checks its own arguments at each call, which takes 80 options 2 ms.
  // Choices are checked here: the parser's text about them names no option.
  return parser
    .boolean(named(({ value }) => value === undefined))
    .string(named(({ value }) => value !== undefined))
    .array(named(({ many }) => many !== undefined))
    .help(false)
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .fail((message: string | null, error?: Error) => {
      throw error ?? usageError(message ?? "");
    })
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
      "strip-aliased": true,
    });
}

function check({ name, many, choices }: OptionSpec, value: unknown): void {
  if (value === undefined) return;
  if (Array.isArray(value) && many === undefined) throw usageError(`--${name} is given twice`);
  const texts = strings(value);
  const wrong = choices === undefined ? undefined : texts.find((text) => !choices.includes(text));
  if (wrong === undefined) return;
  throw usageError(`--${name}: ${quote(wrong)} is not one of ${choices?.join(", ")}`);
}

function checkOperands({ name, operand }: CommandSpec, operands: readonly string[]): void {
  const most = operand === undefined ? 0 : operand.includes("...") ? Number.POSITIVE_INFINITY : 1;
  const extra = operands[most];
  if (extra !== undefined) throw usageError(`${name} takes no argument ${quote(extra)}`);
  if (operands.includes("")) throw usageError("an argument is empty");
}

/** Strings of a parser's value: one, many, or none. */
function strings(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((item): item is string => typeof item === "string");
}

class Values implements OptionValues {
  readonly #parsed: Readonly<Record<string, unknown>>;
  readonly #specs: readonly OptionSpec[];
  /** As `normalizeArgv` writes it: each option with its value. */
  readonly #normal: readonly string[];

  constructor(
    parsed: Readonly<Record<string, unknown>>,
    {
      specs,
      normal,
    }: { readonly specs: readonly OptionSpec[]; readonly normal: readonly string[] },
  ) {
    this.#parsed = parsed;
    this.#specs = specs;
    this.#normal = normal;
  }

  text(name: string): string | undefined {
    const preset = this.#specs.find((spec) => spec.name === name)?.default;
    return strings(this.#parsed[name])[0] ?? preset;
  }

  list(name: string): readonly string[] {
    return strings(this.#parsed[name]);
  }

  on(name: string): boolean {
    return this.#parsed[name] === true;
  }

  inOrder(names: readonly string[]): readonly (readonly [name: string, value: string])[] {
    const end = this.#normal.indexOf("--");
    const options = end < 0 ? this.#normal : this.#normal.slice(0, end);
    return options.flatMap((arg) => {
      const [, name = "", value = ""] = /^--([^=]+)=(.*)$/s.exec(arg) ?? [];
      return names.includes(name) ? [[name, value] as const] : [];
    });
  }

  given(name: string): boolean {
    return this.#parsed[name] !== undefined;
  }
}
