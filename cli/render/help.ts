import { subcommandsOf, topLevel } from "../commands/catalog.ts";
import type { CommandSpec, GroupSpec } from "../commands/command-spec.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import type { OptionSpec } from "../options/specs.ts";
import { wrap } from "./wrap.ts";

const WIDTH = 100;
const MARGIN = "  ";

/** Help for the program as a whole. */
export function renderProgramHelp(program: string): string {
  const commands = topLevel().map(({ name, summary }): Row => [name, summary]);
  return sections([
    ["Every node of a Kubernetes cluster can pull its private images: pushed, proven, kept so."],
    [`Usage: ${program} COMMAND [NODE...] [options]`],
    ["Commands:", ...rows(commands)],
    [
      "Examples:",
      ...examples(program, [
        ["Give all nodes your docker login's credentials", "push"],
        ["Prove that each node pulls", "verify --image registry.example.com/team/app:1.0"],
        ["What does a code mean?", "explain PC203"],
      ]),
    ],
    exitCodes(),
    [`${program} COMMAND --help tells a command's options.`],
  ]);
}

/** Help for one command. */
export function renderCommandHelp(program: string, command: CommandSpec): string {
  const operand = command.operand === undefined ? "" : ` ${command.operand}`;
  const groups = command.groups.map(({ title, options }) => [`${title}:`, ...optionRows(options)]);
  return sections([
    [`${command.summary}.`],
    [`Usage: ${program} ${command.name}${operand} [options]`],
    ...command.about.map((paragraph) => wrap(paragraph, WIDTH)),
    command.examples.length === 0 ? [] : ["Examples:", ...examples(program, command.examples)],
    subcommandRows(command.name),
    ...groups,
    command.groups.length > 1 ? exitCodes() : [],
  ]);
}

/** Help for a name that has subcommands only. */
export function renderGroupHelp(program: string, { name, summary, about }: GroupSpec): string {
  return sections([
    [`${summary}.`],
    [`Usage: ${program} ${name} SUBCOMMAND [options]`],
    ...about.map((paragraph) => wrap(paragraph, WIDTH)),
    subcommandRows(name),
    [`${program} ${name} SUBCOMMAND --help tells a subcommand's options.`],
  ]);
}

function subcommandRows(name: string): string[] {
  const entries = subcommandsOf(name).map((one): Row => [one.name, one.summary]);
  return entries.length === 0 ? [] : ["Subcommands:", ...rows(entries)];
}

/** A term and what it means. */
type Row = readonly [term: string, text: string];

function sections(parts: readonly (readonly string[])[]): string {
  const filled = parts.filter((lines) => lines.length > 0);
  return `${filled.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function exitCodes(): string[] {
  const entries = EXIT_CODES.map(({ code, meaning }): Row => [String(code), meaning]);
  return ["Exit codes (the first that applies):", ...rows(entries)];
}

function examples(program: string, list: CommandSpec["examples"]): string[] {
  return list.flatMap(([intent, args]) => [
    `${MARGIN}# ${intent}`,
    `${MARGIN}${args.startsWith("source ") ? args.replace("pullcast", program) : `${program} ${args}`}`,
  ]);
}

function optionRows(options: readonly OptionSpec[]): string[] {
  return rows(options.map((option): Row => [optionTerm(option), optionText(option)]));
}

function optionTerm({ name, short, value, bare }: OptionSpec): string {
  const dashes = short === undefined ? "    " : `-${short}, `;
  if (bare !== undefined) return `${dashes}--${name}[=${value}]`;
  return `${dashes}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function optionText({ text, choices, many, default: preset }: OptionSpec): string {
  const notes = [
    ...(choices === undefined ? [] : [choices.join("|")]),
    ...(many === undefined ? [] : ["repeatable"]),
    ...(preset === undefined ? [] : [`default ${preset}`]),
  ];
  return notes.length === 0 ? text : `${text} (${notes.join("; ")})`;
}

/** Terms in one column, texts wrapped in the next. */
function rows(entries: readonly Row[]): string[] {
  const column = Math.min(30, Math.max(...entries.map(([term]) => term.length))) + 2;
  return entries.flatMap(([term, text]) => {
    const [first = "", ...more] = wrap(text, WIDTH - MARGIN.length - column);
    const indent = MARGIN + " ".repeat(column);
    const head =
      term.length + 2 > column
        ? [MARGIN + term, indent + first]
        : [MARGIN + term.padEnd(column) + first];
    return [...head, ...more.map((line) => indent + line)];
  });
}
