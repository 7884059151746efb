import { suggest } from "../../agent/index.ts";
import { usageError } from "../usage-error.ts";
import type { OptionSpec } from "./specs.ts";

/**
 * Writes every option as `--name=value` or `--name`, as kubectl's users may write them:
 * `-l a=b`, `-la=b`, `-ojson`, `-vq`, `--config -`. The parser alone would take `-` for no value
 * and `-ojson` for five switches.
 *
 * @returns the same arguments; what follows `--` stays as it is
 * @throws {PullcastError} PC001 naming an option that is unknown or lacks its value,
 *   an empty one included
 */
export function normalizeArgv(argv: readonly string[], specs: readonly OptionSpec[]): string[] {
  const normal: string[] = [];
  const rest = [...argv];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return [...normal, "--", ...rest];
    if (arg.startsWith("--")) normal.push(longOption(arg, rest, specs));
    else if (arg.startsWith("-") && arg.length > 1) normal.push(...shortOptions(arg, rest, specs));
    else normal.push(arg);
  }
  return normal;
}

function longOption(arg: string, rest: string[], specs: readonly OptionSpec[]): string {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  const spec = specs.find((option) => option.name === name || option.aliases?.includes(name));
  if (spec === undefined) throw unknownOption(`--${name}`, specs);
  if (spec.value === undefined) {
    if (value !== undefined && value !== "true" && value !== "false") {
      throw usageError(`--${name} takes no value`);
    }
    return value === undefined ? `--${spec.name}` : `--${spec.name}=${value}`;
  }
  return withValue(spec.name, value ?? spec.bare ?? takeValue(`--${name}`, rest, specs));
}

function shortOptions(arg: string, rest: string[], specs: readonly OptionSpec[]): string[] {
  const normal: string[] = [];
  for (let at = 1; at < arg.length; at += 1) {
    const short = arg.charAt(at);
    const spec = specs.find((option) => option.short === short);
    if (spec === undefined) throw unknownOption(`-${short}`, specs);
    if (spec.value !== undefined) {
      const attached = arg.slice(at + 1).replace(/^=/, "");
      const value = attached === "" ? takeValue(`-${short}`, rest, specs) : attached;
      return [...normal, withValue(spec.name, value)];
    }
    normal.push(`--${spec.name}`);
  }
  return normal;
}

/** An empty value is an unset variable: `--exclude "$GONE"` must not mean "exclude nothing". */
function withValue(name: string, value: string): string {
  if (value === "") throw usageError(`--${name} has an empty value`);
  return `--${name}=${value}`;
}

function takeValue(option: string, rest: string[], specs: readonly OptionSpec[]): string {
  const value = rest.shift();
  // A known option in the place of a value: the value was forgotten.
  const isOption = (name: string) => value === `--${name}`;
  const forgotten =
    value?.startsWith("--") &&
    (value === "--" ||
      specs.some(({ name, aliases = [] }) => isOption(name) || aliases.some(isOption)));
  if (value === undefined || forgotten) throw usageError(`${option} needs a value`);
  return value;
}

function unknownOption(option: string, specs: readonly OptionSpec[]) {
  if (option === "--dry-run") {
    const fix =
      "pullcast push --dry-run and pullcast diff tell what a push would do, without doing it";
    return usageError("there is no option --dry-run here", fix);
  }
  const meant = suggest(
    option,
    specs.map(({ name }) => `--${name}`),
  );
  const detail = `there is no option ${option} here`;
  return meant === undefined ? usageError(detail) : usageError(detail, `did you mean ${meant}?`);
}
