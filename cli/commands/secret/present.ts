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

/** Prints what became of namespaces: the report on standard output, the summary on standard error. */
export function presentSecretReport(context: CommandContext, report: SecretReport): Promise<void> {
  return present(context, cleanDeep(report), {
    names: wellServed,
    table: renderSecretReport,
    summary: renderSecretSummary,
  });
}

/** Prints in which states namespaces are. */
export function presentSecretStatus(
  context: CommandContext,
  report: SecretStatusReport,
): Promise<void> {
  return present(context, cleanDeep(report), {
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
  return present(context, cleanDeep(report), {
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
  return present(context, cleanDeep(report), {
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
  report: Report,
  render: Renderers<Report>,
): Promise<void> {
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  events?.end(toSecretDocument(report));
  const text =
    options.text("events") === "-"
      ? ""
      : await writeInFormat(
          options.text("output"),
          {
            document: () => toSecretDocument(report),
            names: () => render.names(report),
            text: (style) =>
              render.table(report, { ...style, ...(colored ? { paint: paintResult } : {}) }),
          },
          host.stdout,
        );
  host.stdout.write(text);
  for (const line of render.summary(report)) host.stderr.write(`${line}\n`);
  const file = options.text("report");
  if (file !== undefined) await writeReportFile(file, toSecretDocument(report));
}
