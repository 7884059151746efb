import type { NotHere, Row, Verdict } from "./model.ts";
import { expectedOf, type OfEach } from "./run-row.ts";

/** A row in one line: verdicts, what was set, and why ours may differ. */
export function rowLine(row: Row, verdicts: OfEach<Verdict>): string {
  const { ssh, ...ours } = verdicts;
  const differing = Object.entries(ours).filter(([, verdict]) => verdict !== ssh);
  const { ssh2, openssh, auto } = expectedOf(row);
  const isExpected =
    row.ssh === ssh && ssh2 === ours.ssh2 && openssh === ours.openssh && auto === ours.auto;
  const difference = differing.map(([name, verdict]) => `${name}: ${verdict}`).join(", ");
  const why = row.differs === undefined ? "" : ` (${row.differs.why})`;
  return [
    isExpected ? "+" : "FAILED",
    `ssh: ${ssh};`,
    differing.length === 0 ? "pullcast: the same" : `pullcast: ${difference}${why}`,
    `| ${row.title}`,
  ].join(" ");
}

/** A row that could not be tried. */
export function notHereLine(row: Row, { message }: NotHere): string {
  return `- not tried: ${message} | ${row.title}`;
}
