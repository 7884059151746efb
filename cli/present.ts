import type { Host } from "./host.ts";
import type { OptionValues } from "./options/parse-argv.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { paintResult, wantsColor } from "./render/color.ts";
import { type Report, toDocument, toNames } from "./render/document.ts";
import { echoFlags } from "./render/echo-flags.ts";
import { fillFixes } from "./render/fill-fix.ts";
import { renderReportTable } from "./render/report-table.ts";
import { renderSummary } from "./render/summary.ts";
import { writeDocument } from "./render/write-document.ts";

/**
 * Prints reports: what was asked for on standard output, the summary on standard error.
 *
 * @param told - messages of failures that the progress has told
 */
export function presenter(
  host: Host,
  options: OptionValues,
  told: ReadonlySet<string>,
): (reports: readonly Report[]) => Promise<void> {
  return async (raw) => {
    const reports = echoFlags(cleanDeep(raw), options).map(fillFixes);
    const output = await render(reports, { host, options });
    host.stdout.write(output);
    // One terminal shows both: what the table has whole needs no second telling.
    const seen = host.stdout.isTTY && host.stderr.isTTY ? output : "";
    const isTold = (message: string) => told.has(message) || seen.includes(message);
    for (const report of reports) {
      const lines = renderSummary(report, { quiet: options.on("quiet"), isTold });
      for (const line of lines) host.stderr.write(`${line}\n`);
    }
  };
}

async function render(
  reports: readonly Report[],
  { host, options }: { readonly host: Host; readonly options: OptionValues },
): Promise<string> {
  const format = options.text("output");
  switch (format) {
    case "json":
    case "yaml":
      return await writeDocument(toDocument(reports), format);
    case "name":
      return toNames(reports);
    case "wide":
      return renderTables(reports, { host, options, wide: true });
    default:
      return renderTables(reports, { host, options, wide: false });
  }
}

function renderTables(
  reports: readonly Report[],
  style: { readonly host: Host; readonly options: OptionValues; readonly wide: boolean },
): string {
  const { host, options, wide } = style;
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  const width = wide || !host.stdout.isTTY ? undefined : host.stdout.columns || undefined;
  const tables = reports.map((report) =>
    renderReportTable(report, {
      wide,
      ...(colored ? { paint: paintResult } : {}),
      ...(width === undefined ? {} : { width }),
    }),
  );
  return tables.join("\n");
}
