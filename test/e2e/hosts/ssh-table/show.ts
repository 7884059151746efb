import type { Row } from "./model.ts";
import { expectedOf, type OfEach, type RowResult } from "./run-row.ts";

/** Columns before the one for what the user has. */
const PROGRAMS = ["ssh", "ssh2", "openssh", "auto"] as const;
const WIDTH = "no forwarding".length;

/** The whole table, a row in one line: verdicts, what was set, and why ours may differ. */
export function showTable(results: readonly RowResult[]): string {
  const head = line({ ssh: "ssh", ssh2: "ssh2", openssh: "openssh", auto: "auto" }, "where");
  const rule = line({ ssh: "---", ssh2: "---", openssh: "---", auto: "---" }, "---");
  const rows = results.map(({ row, verdicts }) =>
    verdicts === undefined
      ? line({ ssh: "not tried", ssh2: "", openssh: "", auto: "" }, row.title)
      : line(verdicts, `${row.title}${remark(row, verdicts)}`),
  );
  const differing = results.filter(({ row }) => row.differs !== undefined).length;
  return [head, rule, ...rows, `${results.length} rows; ${differing} differ, as stated`].join("\n");
}

function line(of: OfEach<string>, what: string): string {
  return `| ${[...PROGRAMS.map((name) => of[name].padEnd(WIDTH)), what].join(" | ")}`;
}

function remark(row: Row, verdicts: OfEach<string>): string {
  const expected = expectedOf(row);
  if (PROGRAMS.some((name) => verdicts[name] !== expected[name])) return " (NOT AS EXPECTED)";
  return row.differs === undefined ? "" : ` (${row.differs.why})`;
}
