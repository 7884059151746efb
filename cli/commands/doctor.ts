import { type DiagnosedNode, type Diagnosis, doctor } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { nodeRunOptions } from "../options/engine-options.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { renderDiagnosis } from "../render/diagnosis.ts";
import { toDocument } from "../render/document.ts";
import { echoFlags } from "../render/echo-flags.ts";
import { fillFix } from "../render/fill-fix.ts";
import { writeInFormat } from "../render/write-document.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast doctor NODE`: how nodes are reached, and what stands in the way. */
export async function doctorCommand(context: CommandContext): Promise<Ending> {
  const { args, host } = context;
  const { options } = args;
  const nodeRun = await nodeRunOptions(args, context);
  const raw = await doctor({ ...nodeRun, probe: options.on("probe") });
  const diagnosis = withSteps(echoFlags(cleanDeep(raw), options));
  const { items } = diagnosis;
  const text = await writeInFormat(
    options.text("output"),
    {
      document: () => toDocument([diagnosis]),
      names: () => items.flatMap((item) => (isWell(item) ? [`node/${item.node}\n`] : [])).join(""),
      text: (style) => renderDiagnosis(diagnosis, style),
    },
    host.stdout,
  );
  host.stdout.write(text);
  return { interrupted: false, nodes: items };
}

function isWell({ result }: DiagnosedNode): boolean {
  return result === "ready" || result === "works";
}

/** Steps as they can be copied. */
function withSteps(diagnosis: Diagnosis): Diagnosis {
  return {
    ...diagnosis,
    items: diagnosis.items.map((item) => {
      const reached = item.route.at(-1);
      const address = reached?.alias ?? reached?.address.replace(/ via .*/, "") ?? "";
      const about = { node: item.node, address };
      const problems = item.problems.map((one) => ({ ...one, fix: fillFix(one.fix, about) }));
      return { ...item, problems };
    }),
  };
}
