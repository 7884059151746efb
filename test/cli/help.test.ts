import { expect, test } from "vitest";
import { COMMANDS, optionsOf, topLevel } from "../../cli/commands/catalog.ts";
import { EXIT_CODES } from "../../cli/exit-codes.ts";
import { renderCommandHelp, renderProgramHelp } from "../../cli/render/help.ts";

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "help for %s names all its options and fits 100 columns",
  (_name, command) => {
    const help = renderCommandHelp("kubectl pullcast", command);
    for (const { name } of optionsOf(command)) expect(help).toContain(`--${name}`);
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(help).toContain(`Usage: kubectl pullcast ${command.name}`);
  },
);

test("the program's help names all commands and exit codes", () => {
  const help = renderProgramHelp("pullcast");
  for (const { name, summary } of topLevel()) {
    expect(help).toMatch(new RegExp(`${name} +${summary}`));
  }
  for (const { code, meaning } of EXIT_CODES)
    expect(help).toMatch(new RegExp(`${code} +${meaning.replaceAll(" ", "\\s+")}`));
});
