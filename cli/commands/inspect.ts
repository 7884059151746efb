import type { Inspection } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { judgeOptions, kubectlOptions } from "../options/engine-options.ts";
import { sourceOptions } from "../options/source-options.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { toDocument } from "../render/document.ts";
import { renderInspection } from "../render/inspection.ts";
import { writeDocument } from "../render/write-document.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast inspect`: what push would send, and what is wrong with it. */
export async function inspectCommand(context: CommandContext): Promise<Ending> {
  const { args, host, signal, report } = context;
  const { inspect } = await import("../../agent/index.ts");
  const inspection = await inspect({
    source: sourceOptions(args.options, host),
    kubectl: kubectlOptions(args.options),
    ...judgeOptions(args.options),
    signal,
    report,
  });
  host.stdout.write(await render(cleanDeep(inspection), context));
  return { interrupted: false, inspected: inspection.result };
}

async function render(inspection: Inspection, { args }: CommandContext): Promise<string> {
  const format = args.options.text("output");
  switch (format) {
    case "json":
    case "yaml":
      return await writeDocument(toDocument([inspection]), format);
    case "name":
      return inspection.credentials.map(({ key }) => `${key}\n`).join("");
    default:
      return renderInspection(inspection, format === "wide");
  }
}
