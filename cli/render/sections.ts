import type { Problem } from "../../agent/index.ts";
import { renderFilledTable } from "./table.ts";
import type { TextStyle } from "./write-document.ts";

/** Sections with an empty line between them; those without text are left out. */
export function joinSections(sections: readonly string[]): string {
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

/** Names and what they are, under a title; those without a text are left out. */
export function facts(
  title: string,
  rows: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const filled = rows.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...filled.map(([name]) => name.length));
  return [`${title}:`, ...filled.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join(
    "\n",
  );
}

/** A table as a section: without the columns that are empty throughout, and without its last line break. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  style: TextStyle,
): string {
  return renderFilledTable(columns, rows, style).trimEnd();
}

/** What is to be mended, and how. */
export function problemLines(problems: readonly Problem[]): string {
  return problems.map(({ code, message, fix }) => `! ${code} ${message}\n  fix: ${fix}`).join("\n");
}
