import { inspect } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { judgeOptions, kubectlOptions, registryAccess } from "../options/engine-options.ts";
import { sourceOptions } from "../options/source-options.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { toDocument } from "../render/document.ts";
import { renderInspection } from "../render/inspection.ts";
import { writeInFormat } from "../render/write-document.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast inspect`: what push would send, and what is wrong with it. */
export async function inspectCommand(context: CommandContext): Promise<Ending> {
  const { args, host, signal, report } = context;
  const raw = await inspect({
    source: sourceOptions(args.options, host),
    kubectl: kubectlOptions(args.options),
    ...judgeOptions(args.options),
    ...registryAccess(args.options, host),
    signal,
    report,
  });
  const inspection = cleanDeep(raw);
  const text = await writeInFormat(
    args.options.text("output"),
    {
      document: () => toDocument([inspection]),
      names: () => inspection.credentials.map(({ key }) => `${key}\n`).join(""),
      text: (style) => renderInspection(inspection, style),
    },
    host.stdout,
  );
  host.stdout.write(text);
  return { interrupted: false, inspected: inspection.result };
}
