import { type CommandSpec, type Named, nameCommand } from "./commands/catalog.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { renderCommandHelp, renderGroupHelp, renderProgramHelp } from "./render/help.ts";

/**
 * Finds the command and runs it. Help, versions and completions are answered here and load nothing
 * else: they have to be there before the user looks up.
 */
export async function dispatch(host: Host): Promise<ExitCode> {
  const [name, ...rest] = host.argv;
  if (name === "__complete") {
    const { completions } = await import("./completion.ts");
    return print(
      host,
      completions(rest)
        .map((word) => `${word}\n`)
        .join(""),
    );
  }
  if (name === undefined || name === "--help" || name === "-h") {
    return print(host, renderProgramHelp(host.program));
  }
  if (name === "--version" || name === "-V" || name === "version") {
    return print(host, `pullcast ${host.version}\n`);
  }
  const named = nameCommand(host.argv);
  if (named === undefined) return await unknownCommand(host, name);
  if (asksHelp(rest)) return await printHelp(host, named);
  if ("group" in named) return await printHelp(host, named);
  return await runFound(host, named.command, named.rest);
}

async function runFound(
  host: Host,
  command: CommandSpec,
  rest: readonly string[],
): Promise<ExitCode> {
  switch (command.name) {
    case "help":
      return await help(host, rest);
    case "explain":
      return asksCode(rest)
        ? await runText(host, command, rest)
        : await runNodes(host, command, rest);
    case "completion":
      return await runText(host, command, rest);
    default:
      return await runNodes(host, command, rest);
  }
}

/** A code, or nothing: all codes. Any other operand is an image; how it is printed may come first. */
function asksCode(rest: readonly string[]): boolean {
  const words = rest.filter(
    (word, at) =>
      !/^(?:-o.*|--output(?:=.*)?|--no-color)$/.test(word) &&
      !["-o", "--output"].includes(rest[at - 1] ?? ""),
  );
  const [first] = words;
  return first === undefined || /^pc\d+$/i.test(first);
}

async function runText(
  host: Host,
  command: CommandSpec,
  rest: readonly string[],
): Promise<ExitCode> {
  const { runTextCommand } = await import("./run-text-command.ts");
  return await runTextCommand(host, command, rest);
}

async function runNodes(
  host: Host,
  command: CommandSpec,
  rest: readonly string[],
): Promise<ExitCode> {
  const { runCommand } = await host.loadEngine();
  return await runCommand(host, command, rest);
}

/** What follows `--` is never an option. */
function asksHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const options = end < 0 ? argv : argv.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

async function help(host: Host, words: readonly string[]): Promise<ExitCode> {
  const [name] = words;
  if (name === undefined) return print(host, renderProgramHelp(host.program));
  const named = nameCommand(words);
  return named === undefined ? await unknownCommand(host, name) : await printHelp(host, named);
}

/** A group alone prints its help, since there is nothing else that it could do. */
async function printHelp(host: Host, named: Named): Promise<ExitCode> {
  if ("command" in named) return print(host, renderCommandHelp(host.program, named.command));
  const [word] = named.rest;
  const { name } = named.group;
  if (word !== undefined && !asksHelp([word])) return await unknownCommand(host, `${name} ${word}`);
  return print(host, renderGroupHelp(host.program, named.group));
}

async function unknownCommand(host: Host, name: string): Promise<ExitCode> {
  const { refuseCommand } = await import("./run-text-command.ts");
  return refuseCommand(host, name);
}

function print(host: Host, text: string): ExitCode {
  host.stdout.write(text);
  return exitCodeOf({ interrupted: false });
}
