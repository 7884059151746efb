/** Space between columns, as kubectl has it. */
const GAP = 3;

/** How a cell is shown; its width is that of the plain text. */
export type Paint = (text: string, column: string) => string;

/**
 * Columns aligned as kubectl does: a header in capitals, no lines, `-` for nothing.
 * The last column is never padded, so that long messages don't widen the others' rows.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  paint: Paint = (text) => text,
): string {
  const cells = rows.map((row) => columns.map((_, at) => row[at] || "-"));
  const widths = columns.map((column, at) =>
    Math.max(width(column), ...cells.map((row) => width(row[at] ?? ""))),
  );
  const line = (row: readonly string[], show: Paint) =>
    row
      .map((text, at) => {
        const shown = show(text, columns[at] ?? "");
        const room = at === columns.length - 1 ? 0 : (widths[at] ?? 0) + GAP - width(text);
        return shown + " ".repeat(room);
      })
      .join("");
  const lines = [line(columns, (text) => text), ...cells.map((row) => line(row, paint))];
  return lines.map((text) => `${text}\n`).join("");
}

/** In characters: names of nodes have no wide ones. */
function width(text: string): number {
  return [...text].length;
}
