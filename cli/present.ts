import type { Host } from "./host.ts";
import type { OptionValues } from "./options/parse-argv.ts";
import { cleanDeep } from "./render/clean-deep.ts";
import { paintResult, wantsColor } from "./render/color.ts";
import { type Report, toDocument, toNames } from "./render/document.ts";
import { renderReportTable } from "./render/report-table.ts";
import { renderCounts, renderSummary } from "./render/summary.ts";

/** Prints reports: what was asked for on standard output, the summary on standard error. */
export function presenter(
  host: Host,
  options: OptionValues,
): (reports: readonly Report[]) => Promise<void> {
  return async (raw) => {
    const reports = cleanDeep(raw);
    host.stdout.write(await render(reports, { host, options }));
    for (const report of reports) {
      const lines = options.on("quiet") ? [renderCounts(report)] : renderSummary(report);
      for (const line of lines) host.stderr.write(`${line}\n`);
    }
  };
}

async function render(
  reports: readonly Report[],
  { host, options }: { readonly host: Host; readonly options: OptionValues },
): Promise<string> {
  switch (options.text("output")) {
    case "json":
      return `${JSON.stringify(toDocument(reports), null, 2)}\n`;
    case "yaml":
      return (await import("yaml")).stringify(toDocument(reports));
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
  const tables = reports.map((report) =>
    renderReportTable(report, { wide, ...(colored ? { paint: paintResult } : {}) }),
  );
  return tables.join("\n");
}
