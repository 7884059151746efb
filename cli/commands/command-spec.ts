import type { OptionGroup } from "../options/specs.ts";

/** A command as help and the parser know it. */
export interface CommandSpec {
  /** A subcommand's is of two words, for instance `secret apply`. */
  readonly name: string;
  /** One clause, for the list of commands. */
  readonly summary: string;
  /** What may follow the name; `...` takes any number. */
  readonly operand?:
    | "[NODE...]"
    | "IMAGE... [NODE...]"
    | "IMAGE..."
    | "[IMAGE|CODE]"
    | "[SHELL]"
    | "[COMMAND]";
  /** Paragraphs under the summary. */
  readonly about: readonly string[];
  /** Intent and arguments, without the program's name. */
  readonly examples: readonly (readonly [intent: string, args: string])[];
  readonly groups: readonly OptionGroup[];
}

/** A name that stands before subcommands, as help knows it. */
export interface GroupSpec {
  readonly name: string;
  /** One clause, for the list of commands. */
  readonly summary: string;
  /** Paragraphs under the summary. */
  readonly about: readonly string[];
}
