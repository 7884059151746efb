import type { CredentialSummary, Inspection } from "../../agent/index.ts";
import { renderFilledTable } from "./table.ts";
import type { TextStyle } from "./write-document.ts";

/** A column: its header and its cell for a credential. */
type Column = readonly [header: string, cell: (one: CredentialSummary) => string | undefined];

const columnsFor = (credentials: readonly CredentialSummary[]): readonly Column[] => [
  // Keys that come to one registry tell their entries apart.
  ["REGISTRY", (one) => (credentials.some((other) => isTwin(one, other)) ? one.key : one.registry)],
  ["USER", ({ username }) => username],
  ["KIND", ({ kind }) => kind],
  ["EXPIRES", expiry],
  ["FINGERPRINT", ({ fingerprint }) => fingerprint],
];
const WIDE: readonly Column[] = [
  ["KEY", ({ key }) => key],
  ["SOURCE", ({ source }) => source],
];

function isTwin(one: CredentialSummary, other: CredentialSummary): boolean {
  return one.registry === other.registry && one.key !== other.key;
}

/** What would be sent, what is left out, and what is wrong, each problem with the step that mends it. */
export function renderInspection(inspection: Inspection, style: TextStyle): string {
  const { credentials, leftOut, problems, source, sizeBytes } = inspection;
  const columns = [...columnsFor(credentials), ...(style.wide ? WIDE : [])];
  const count = credentials.length === 1 ? "1 credential" : `${credentials.length} credentials`;
  const sections = [
    `Push would send ${count} (${sizeBytes} bytes) from ${source}.`,
    renderFilledTable(
      columns.map(([header]) => header),
      credentials.map((one) => columns.map(([, cell]) => cell(one))),
      style,
    ).trimEnd(),
    // What is left out for what it holds is a problem as well, with its fix.
    leftOut
      .filter(({ key, code }) => !problems.some((one) => one.key === key && one.code === code))
      .map(({ key, why }) => `Left out ${key}: ${why}`)
      .join("\n"),
    problems
      .map(({ severity, code, message, fix }) => {
        const mark = severity === "error" ? "error" : "!";
        return `${mark} ${code} ${message}\n  fix: ${fix}`;
      })
      .join("\n"),
    inspection.result === "refused" ? "Push would refuse this." : "",
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

/** `unknown, at most 12h` where only the length of life is known. */
function expiry({ expiresAt, lifetime }: CredentialSummary): string {
  return lifetime === undefined ? expiresAt : `${expiresAt}, at most ${lifetime}`;
}
