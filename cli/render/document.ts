import type {
  Advice,
  AgentReport,
  CheckReport,
  CleanupReport,
  Code,
  Diagnosis,
  Explanation,
  HistoryReport,
  HoldingsReport,
  ImageDescription,
  Inspection,
  PreloadReport,
  PullcastError,
  PushReport,
  RemoveReport,
  RestoreReport,
  RollbackReport,
  SecretPlanReport,
  SecretReport,
  SecretStatusReport,
  SecretVerifyReport,
  StatusReport,
  TrustReport,
  VerifyReport,
} from "../../agent/index.ts";
import { ENDED_WELL, endedWell } from "./ended-well.ts";

/** A code in the words of the table. */
export interface CodeMeaning {
  readonly code: Code;
  /** What the code's range is about. */
  readonly about: string;
  readonly title: string;
  readonly fix: string;
}

/** A report about nodes. */
export type NodesReport = PushReport | RemoveReport | RollbackReport | RestoreReport | VerifyReport;

/** What a command can present. */
export type Report =
  | NodesReport
  | HistoryReport
  | StatusReport
  | TrustReport
  | CheckReport
  | CleanupReport;

/** What is shown as it is, without items that ended somehow. */
type Shown = Advice | Explanation | Inspection | ImageDescription;

const API_VERSION = "pullcast.dev/v1alpha1";

/** What every document begins with. */
interface Versioned {
  readonly apiVersion: typeof API_VERSION;
}

/** How many items ended how. */
type Counts = Readonly<Record<string, number>>;

type Counted<Kind> = Versioned & { readonly summary: Counts } & Kind;

/** One report as programs read it. */
export type OneDocument =
  | Counted<PushReport>
  | Counted<RemoveReport>
  | Counted<RollbackReport>
  | Counted<RestoreReport>
  | Counted<VerifyReport>
  | Counted<HistoryReport>
  | Counted<StatusReport>
  | Counted<TrustReport>
  | Counted<CheckReport>
  | Counted<CleanupReport>
  | Counted<Diagnosis>
  | Counted<AgentReport>
  | Counted<SecretReport>
  | Counted<SecretStatusReport>
  | Counted<SecretVerifyReport>
  | Counted<SecretPlanReport>
  | Counted<PreloadReport>
  | Counted<HoldingsReport>
  | (Versioned & Advice)
  | (Versioned & Explanation)
  | (Versioned & Inspection)
  | (Versioned & ImageDescription);

/** Several, as kubectl lists them. */
export interface ListDocument extends Versioned {
  readonly kind: "List";
  readonly items: readonly OneDocument[];
}

export type ReportDocument = OneDocument | ListDocument;

/** An error that ended a run before it had a report. */
export interface ErrorDocument extends Versioned {
  readonly kind: "Error";
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
}

/** A report as programs read it; one for each report, in a `List` where there are several, as kubectl does. */
export function toDocument(
  reports: readonly (Report | Diagnosis | AgentReport | PreloadReport | HoldingsReport | Shown)[],
): ReportDocument {
  const documents = reports.map(toItem);
  const [only] = documents;
  if (documents.length === 1 && only !== undefined) return only;
  return { apiVersion: API_VERSION, kind: "List", items: documents };
}

/** An error that ended a run before it had a report. */
export function toErrorDocument({ code, message, fix }: PullcastError): ErrorDocument {
  return { apiVersion: API_VERSION, kind: "Error", code, message, fix };
}

/** What codes mean: one by itself, all in a `List`. */
export function toCodesDocument(codes: readonly CodeMeaning[]): object {
  const documents = codes.map((code) => ({ apiVersion: API_VERSION, kind: "Code", ...code }));
  const [only] = documents;
  if (documents.length === 1 && only !== undefined) return only;
  return { apiVersion: API_VERSION, kind: "List", items: documents };
}

/** What a command about namespaces can present. */
export type AnySecretReport =
  | SecretReport
  | SecretStatusReport
  | SecretVerifyReport
  | SecretPlanReport;

/** What became of namespaces; one for each report, in a `List` where there are several. */
export function toSecretDocument(reports: readonly AnySecretReport[]): ReportDocument {
  const documents = reports.map(({ kind, items, ...run }) => {
    const document = { apiVersion: API_VERSION, kind, summary: countResults(items), ...run, items };
    return document as OneDocument;
  });
  const [only] = documents;
  if (documents.length === 1 && only !== undefined) return only;
  return { apiVersion: API_VERSION, kind: "List", items: documents };
}

function toItem(
  report: Report | Diagnosis | AgentReport | PreloadReport | HoldingsReport | Shown,
): OneDocument {
  if (
    report.kind === "Explanation" ||
    report.kind === "Inspection" ||
    report.kind === "Advice" ||
    report.kind === "Image"
  )
    return { apiVersion: API_VERSION, ...report };
  const { kind, items, ...run } = report;
  const document = { apiVersion: API_VERSION, kind, summary: countResults(items), ...run, items };
  // A report of one kind stays one of that kind; the compiler sees a union of all fields.
  return document as OneDocument;
}

/** How many items ended how, in the order of first appearance. */
export function countResults(
  items: readonly ({ readonly result: string } | { readonly state: string })[],
): Counts {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const end = "state" in item ? item.state : item.result;
    counts[end] = (counts[end] ?? 0) + 1;
  }
  return counts;
}

/** The same as text: `3 updated, 1 failed`. */
export function countsText(items: Parameters<typeof countResults>[0]): string {
  return Object.entries(countResults(items))
    .map(([end, count]) => `${count} ${end}`)
    .join(", ");
}

/** What ended well in all reports, as `kubectl -o name` prints it: nodes, or the pods that were removed. */
export function toNames(reports: readonly Report[]): string {
  const ends = new Map<string, boolean>();
  for (const report of reports) {
    for (const [name, well] of endsOf(report)) ends.set(name, well && ends.get(name) !== false);
  }
  return [...ends].flatMap(([name, well]) => (well ? [`${name}\n`] : [])).join("");
}

/** Nodes that a push may be expected to serve: each logged in to, and nothing said against it. */
function checkedNodes({ items }: CheckReport): (readonly [name: string, well: boolean])[] {
  return items
    .filter(({ group, code }) => group === "ssh" && code !== "PC132")
    .map(({ name, result }) => [`node/${name}`, result !== "failed"]);
}

function endsOf(report: Report): (readonly [name: string, well: boolean])[] {
  if (report.kind === "CleanupReport") {
    return report.items.map(({ name, result }) => [`pod/${name}`, result === "removed"]);
  }
  if (report.kind === "CheckReport") return checkedNodes(report);
  if (report.kind === "StatusReport") {
    return report.items.map(({ node, state }) => [`node/${node}`, ENDED_WELL.has(state)]);
  }
  return report.items.map((item) => [`node/${item.node}`, endedWell(item)]);
}
