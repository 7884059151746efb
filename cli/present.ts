import type { Host } from "./host.ts";
import type { OptionValues } from "./options/parse-argv.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { paintResult, wantsColor } from "./render/color.ts";
import { type Report, toDocument, toNames } from "./render/document.ts";
import { echoFlags } from "./render/echo-flags.ts";
import { fillFixes } from "./render/fill-fix.ts";
import { writeReportFile } from "./render/report-file.ts";
import { renderReportTable } from "./render/report-table.ts";
import { renderSummary } from "./render/summary.ts";
import { type TextStyle, writeInFormat } from "./render/write-document.ts";
import type { EventStream } from "./reporters/event-stream.ts";

/**
 * Prints reports: what was asked for on standard output, the summary on standard error.
 *
 * @param told - messages of failures that the progress has told
 */
export function presenter(
  host: Host,
  options: OptionValues,
  {
    told,
    events,
  }: { readonly told: ReadonlySet<string>; readonly events?: EventStream | undefined },
): (reports: readonly Report[]) => Promise<void> {
  return async (raw) => {
    const reports = echoFlags(cleanDeep(raw), options).map(fillFixes);
    events?.end(toDocument(reports));
    const output =
      options.text("events") === "-"
        ? ""
        : await writeInFormat(
            options.text("output"),
            {
              document: () => toDocument(reports),
              names: () => toNames(reports),
              text: (style) => renderTables(reports, { host, options, style }),
            },
            host.stdout,
          );
    host.stdout.write(output);
    // One terminal shows both: what the table has whole needs no second telling.
    const seen = host.stdout.isTTY && host.stderr.isTTY ? output : "";
    const isTold = (message: string) => told.has(message) || seen.includes(message);
    for (const report of reports) {
      const lines = renderSummary(report, { quiet: options.on("quiet"), isTold });
      for (const line of lines) host.stderr.write(`${line}\n`);
    }
    const file = options.text("report");
    if (file !== undefined) await writeReportFile(file, toDocument(reports));
  };
}

function renderTables(
  reports: readonly Report[],
  {
    host,
    options,
    style,
  }: { readonly host: Host; readonly options: OptionValues; readonly style: TextStyle },
): string {
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  const tables = reports.map((report) => {
    const table = renderReportTable(report, {
      ...style,
      ...(colored ? { paint: paintResult } : {}),
    });
    return "pool" in report && report.pool !== undefined ? `Pool ${report.pool}\n${table}` : table;
  });
  return tables.join("\n");
}
