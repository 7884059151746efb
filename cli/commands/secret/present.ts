import type {
  SecretPlanReport,
  SecretReport,
  SecretStatusReport,
  SecretVerifyReport,
} from "../../../agent/index.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { paintResult, wantsColor } from "../../render/color.ts";
import { type AnySecretReport, toSecretDocument } from "../../render/document.ts";
import { writeReportFile } from "../../render/report-file.ts";
import type { TableStyle } from "../../render/report-table.ts";
import {
  independentWorkloads,
  renderPlanSummary,
  renderSecretPlan,
} from "../../render/secret/plan.ts";
import { renderSecretReport, renderSecretSummary, wellServed } from "../../render/secret/report.ts";
import {
  currentNamespaces,
  renderSecretStatus,
  renderStatusSummary,
} from "../../render/secret/status.ts";
import {
  pullingAccounts,
  renderSecretVerify,
  renderVerifySummary,
} from "../../render/secret/verify.ts";
import { writeInFormat } from "../../render/write-document.ts";
import type { CommandContext } from "../command.ts";

/** Prints what became of namespaces: the reports on standard output, the summaries on standard error. */
export function presentSecretReports(
  context: CommandContext,
  reports: readonly SecretReport[],
): Promise<void> {
  const heading = ({ group }: SecretReport) => (group === undefined ? "" : `Group ${group}`);
  return present(context, cleanDeep(reports), {
    names: wellServed,
    table: (report, style) =>
      [heading(report), renderSecretReport(report, style)].filter(Boolean).join("\n"),
    summary: (report) => {
      const lines = renderSecretSummary(report);
      const { group } = report;
      return group === undefined ? lines : lines.map((line) => `${group}: ${line}`);
    },
  });
}

/** Prints in which states namespaces are. */
export function presentSecretStatus(
  context: CommandContext,
  report: SecretStatusReport,
): Promise<void> {
  return present(context, [cleanDeep(report)], {
    names: currentNamespaces,
    table: renderSecretStatus,
    summary: renderStatusSummary,
  });
}

/** Prints what pulls of ServiceAccounts came to. */
export function presentSecretVerify(
  context: CommandContext,
  report: SecretVerifyReport,
): Promise<void> {
  return present(context, [cleanDeep(report)], {
    names: pullingAccounts,
    table: renderSecretVerify,
    summary: renderVerifySummary,
  });
}

/** Prints what serves workloads. */
export function presentSecretPlan(
  context: CommandContext,
  report: SecretPlanReport,
): Promise<void> {
  return present(context, [cleanDeep(report)], {
    names: independentWorkloads,
    table: renderSecretPlan,
    summary: renderPlanSummary,
  });
}

interface Renderers<Report> {
  readonly names: (report: Report) => string;
  readonly table: (report: Report, style: TableStyle) => string;
  readonly summary: (report: Report) => readonly string[];
}

async function present<Report extends AnySecretReport>(
  { host, events, args: { options } }: CommandContext,
  reports: readonly Report[],
  render: Renderers<Report>,
): Promise<void> {
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  const document = toSecretDocument(reports);
  events?.end(document);
  const text =
    options.text("events") === "-"
      ? ""
      : await writeInFormat(
          options.text("output"),
          {
            document: () => document,
            names: () => reports.map((report) => render.names(report)).join(""),
            text: (style) => {
              const painted = { ...style, ...(colored ? { paint: paintResult } : {}) };
              return reports.map((report) => render.table(report, painted)).join("\n");
            },
          },
          host.stdout,
        );
  host.stdout.write(text);
  for (const line of reports.flatMap((report) => render.summary(report))) {
    host.stderr.write(`${line}\n`);
  }
  const file = options.text("report");
  if (file !== undefined) await writeReportFile(file, document);
}
