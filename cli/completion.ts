import { nameCommand, optionsOf, subcommandsOf, topLevel } from "./commands/catalog.ts";
import type { OptionSpec } from "./options/specs.ts";

const BASH = `# bash completion for pullcast
_pullcast() {
  local IFS=$'\\n'
  COMPREPLY=($(pullcast __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _pullcast pullcast
`;

const ZSH = `#compdef pullcast
_pullcast() {
  local -a found
  found=("\${(@f)$(pullcast __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then _pullcast "$@"; else compdef _pullcast pullcast; fi
`;

/** Shells that have a completion script. */
export const SHELLS = { bash: BASH, zsh: ZSH } as const;

/**
 * What may stand for the last of `words` (the words after the program's name, the last one unfinished).
 * An empty list leaves it to the shell, which knows files.
 */
export function completions(words: readonly string[]): string[] {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.length === 0) return startingWith(current, topNames());
  const named = nameCommand(before);
  if (named === undefined) return [];
  if ("group" in named) return named.rest.length === 0 ? subcommands(before, current) : [];
  const { command } = named;
  const options = optionsOf(command);
  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined) {
    const choices = options.find((option) => option.name === name)?.choices ?? [];
    return startingWith(value ?? "", choices).map((choice) => `--${name}=${choice}`);
  }
  const waiting = options.find((option) => takesValue(option, before.at(-1) ?? ""));
  if (waiting !== undefined) return startingWith(current, waiting.choices ?? []);
  if (current.startsWith("-")) {
    return startingWith(
      current,
      options.map((option) => `--${option.name}`),
    );
  }
  if (command.operand === "[SHELL]") return startingWith(current, Object.keys(SHELLS));
  if (command.operand !== "[COMMAND]")
    return before.length === 1 ? subcommands(before, current) : [];
  return before.length === 1
    ? startingWith(current, topNames())
    : subcommands(before.slice(1), current);
}

function topNames(): string[] {
  return topLevel().map(({ name }) => name);
}

/** Second words of subcommands. */
function subcommands([first = ""]: readonly string[], current: string): string[] {
  const words = subcommandsOf(first).map(({ name }) => name.slice(first.length + 1));
  return startingWith(current, words);
}

function takesValue({ name, short, value }: OptionSpec, word: string): boolean {
  return value !== undefined && (word === `--${name}` || word === `-${short}`);
}

function startingWith(start: string, candidates: readonly string[]): string[] {
  return candidates.filter((candidate) => candidate.startsWith(start));
}
