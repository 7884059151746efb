import { advise, type Wish } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { kubectlOptions } from "../options/engine-options.ts";
import { renderAdvice } from "../render/advice.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { toDocument } from "../render/document.ts";
import { writeInFormat } from "../render/write-document.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast advise`: which way of serving private images fits this cluster. */
export async function adviseCommand({ args, host, signal }: CommandContext): Promise<Ending> {
  const { options } = args;
  const want = (options.text("want") ?? "all") as Wish;
  const advice = cleanDeep(await advise({ kubectl: kubectlOptions(options), want, signal }));
  const text = await writeInFormat(
    options.text("output"),
    {
      document: () => toDocument([advice]),
      names: () => `${advice.advised.route}\n`,
      text: () => renderAdvice(advice),
    },
    host.stdout,
  );
  host.stdout.write(text);
  return { interrupted: false };
}
