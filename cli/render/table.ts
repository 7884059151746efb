import { cutMiddle } from "./fit.ts";

/** Space between columns, as kubectl has it. */
const GAP = 3;

/** A last column narrower than this goes under its rows instead. */
const MIN_LAST = 40;

/** Names are not cut to less. */
const MIN_NAME = 16;

/** Columns that may be cut where a terminal is narrow: lists, long keys. */
const SHRINKABLE: ReadonlySet<string> = new Set([
  ...["NAME", "NODES", "REGISTRY", "KEY", "USER", "FILE", "FROM", "NOT TRIED"],
]);

/** How a cell is shown; its width is that of the plain text. */
export type Paint = (text: string, column: string) => string;

interface TableOptions {
  readonly paint?: Paint | undefined;
  /** Characters of a line; absent: as wide as it needs. */
  readonly width?: number | undefined;
}

type Rows = readonly (readonly string[])[];

/**
 * Columns aligned as kubectl does: a header in capitals, no lines, `-` for nothing.
 * The last column is never padded, so that long messages don't widen the others' rows; where the width
 * is too small for it, its texts lose their middle, or stand in lines of their own.
 */
export function renderTable(
  columns: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  { paint = (text) => text, width: lineWidth }: TableOptions = {},
): string {
  const cells = rows.map((row) => columns.map((_, at) => row[at] || "-"));
  if (lineWidth === undefined) return draw(columns, cells, paint);
  const last = columns.length - 1;
  const fixed = widthsOf(columns, cells).slice(0, last);
  const needed = Math.max(...[columns, ...cells].map((row) => width(row[last] ?? "")));
  if (sum(fixed) + needed <= lineWidth) return draw(columns, cells, paint);
  const narrow = shrinkNames(columns, cells, lineWidth - Math.min(MIN_LAST, needed));
  const room = lineWidth - sum(widthsOf(columns, narrow).slice(0, last));
  if (room >= Math.min(MIN_LAST, needed)) {
    const fitted = narrow.map((row) => row.with(last, cutMiddle(row[last] ?? "", room)));
    return draw(columns, fitted, paint);
  }
  return drawUnder(columns, shrinkNames(columns, cells, lineWidth + GAP), { paint, lineWidth });
}

/** A table without the columns that are empty throughout. */
export function renderFilledTable(
  columns: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
  options: TableOptions,
): string {
  const kept = columns.flatMap((_, at) => (rows.some((row) => row[at]) ? [at] : []));
  return renderTable(
    kept.map((at) => columns[at] ?? ""),
    rows.map((row) => kept.map((at) => row[at])),
    options,
  );
}

/** The last column's texts, each under its row where it does not fit into it. */
function drawUnder(
  columns: readonly string[],
  cells: Rows,
  { paint, lineWidth }: { readonly paint: Paint; readonly lineWidth: number },
): string {
  const last = columns.length - 1;
  const room = lineWidth - sum(widthsOf(columns, cells).slice(0, last));
  const fits = (text: string) => width(text) <= room;
  const rows = cells.map((row) => (fits(row[last] ?? "") ? row : row.with(last, "")));
  const header = columns.with(last, fits(columns[last] ?? "") ? (columns[last] ?? "") : "");
  const [head, ...lines] = draw(header, rows, paint).split("\n");
  const indent = " ".repeat(GAP);
  const drawn = cells.flatMap((row, at) => {
    const line = (lines[at] ?? "").trimEnd();
    const text = row[last] ?? "";
    return fits(text) ? [line] : [line, `${indent}${cutMiddle(text, lineWidth - GAP)}`];
  });
  return [(head ?? "").trimEnd(), ...drawn].map((line) => `${line}\n`).join("");
}

function draw(columns: readonly string[], cells: Rows, paint: Paint): string {
  const widths = widthsOf(columns, cells);
  const line = (row: readonly string[], show: Paint) =>
    row
      .map((text, at) => {
        const shown = show(text, columns[at] ?? "");
        const room = at === columns.length - 1 ? 0 : (widths[at] ?? 0) - width(text);
        return shown + " ".repeat(room);
      })
      .join("");
  const lines = [line(columns, (text) => text), ...cells.map((row) => line(row, paint))];
  return lines.map((text) => `${text}\n`).join("");
}

/** Cuts lists and keys, the widest first, until all but the last column take `available` at most. */
function shrinkNames(columns: readonly string[], cells: Rows, available: number): Rows {
  const widths = widthsOf(columns, cells).slice(0, -1);
  let excess = sum(widths) - available;
  let fitted = cells;
  for (const [at, column] of columns.entries()) {
    if (excess <= 0 || !SHRINKABLE.has(column)) continue;
    const wide = (widths[at] ?? 0) - GAP;
    const room = Math.max(MIN_NAME, wide - excess);
    if (room >= wide) continue;
    excess -= wide - room;
    fitted = fitted.map((row) => row.with(at, cutMiddle(row[at] ?? "", room)));
  }
  return fitted;
}

/** Of each column, with the space after it. */
function widthsOf(columns: readonly string[], cells: Rows): number[] {
  return columns.map(
    (column, at) => Math.max(width(column), ...cells.map((row) => width(row[at] ?? ""))) + GAP,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** In characters: names of nodes have no wide ones. */
function width(text: string): number {
  return [...text].length;
}
