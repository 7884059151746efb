import { paintResult, wantsColor } from "../render/color.ts";
import { writeReportFile } from "../render/report-file.ts";
import type { TableStyle } from "../render/report-table.ts";
import { writeInFormat } from "../render/write-document.ts";
import type { CommandContext } from "./command.ts";

/** How one report is written, by the format that is asked for. */
interface Renderers {
  readonly document: () => object;
  readonly names: () => string;
  readonly text: (style: TableStyle) => string;
}

/**
 * Writes a report to standard output, in the format that is asked for, in colours where that is a terminal, unless
 * events go there; and to the file of --report.
 */
export async function printOutput(
  { host, args: { options } }: CommandContext,
  { text, ...renderers }: Renderers,
): Promise<void> {
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  const output = () =>
    writeInFormat(
      options.text("output"),
      {
        ...renderers,
        text: (style) => text({ ...style, ...(colored ? { paint: paintResult } : {}) }),
      },
      host.stdout,
    );
  if (options.text("events") !== "-") host.stdout.write(await output());
  const file = options.text("report");
  if (file !== undefined) await writeReportFile(file, renderers.document());
}
