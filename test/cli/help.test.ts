import { expect, test } from "vitest";
import {
  COMMANDS,
  GROUPS,
  optionsOf,
  subcommandsOf,
  topLevel,
} from "../../cli/commands/catalog.ts";
import { EXIT_CODES } from "../../cli/exit-codes.ts";
import { renderCommandHelp, renderGroupHelp, renderProgramHelp } from "../../cli/render/help.ts";

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

test.each(GROUPS.map((group) => [group.name, group] as const))(
  "help for %s lists its subcommands and fits 100 columns",
  (name, group) => {
    const help = renderGroupHelp("kubectl pullcast", group);
    expect(subcommandsOf(name).length).toBeGreaterThan(0);
    for (const one of subcommandsOf(name)) expect(help).toContain(`  ${one.name} `);
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  },
);
