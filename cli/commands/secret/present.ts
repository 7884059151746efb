import type { SecretReport } from "../../../agent/index.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { paintResult, wantsColor } from "../../render/color.ts";
import { toSecretDocument } from "../../render/document.ts";
import { renderSecretReport, renderSecretSummary, wellServed } from "../../render/secret/report.ts";
import { writeInFormat } from "../../render/write-document.ts";
import type { CommandContext } from "../command.ts";

/** Prints what became of namespaces: the report on standard output, the summary on standard error. */
export async function presentSecretReport(
  { host, args: { options } }: CommandContext,
  raw: SecretReport,
): Promise<void> {
  const report = cleanDeep(raw);
  const colored = wantsColor(host, host.stdout, options.on("no-color"));
  const text = await writeInFormat(
    options.text("output"),
    {
      document: () => toSecretDocument(report),
      names: () => wellServed(report),
      text: (style) =>
        renderSecretReport(report, { ...style, ...(colored ? { paint: paintResult } : {}) }),
    },
    host.stdout,
  );
  host.stdout.write(text);
  for (const line of renderSecretSummary(report)) host.stderr.write(`${line}\n`);
}
