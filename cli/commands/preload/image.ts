import { describeImage } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { kubectlOptions, registryAccess } from "../../options/engine-options.ts";
import { cacheDir } from "../../options/preload-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { cleanDeep } from "../../render/clean-deep.ts";
import { toDocument } from "../../render/document.ts";
import { renderImage } from "../../render/image.ts";
import type { CommandContext } from "../command.ts";
import { printOutput } from "../print-output.ts";
import { imagesAndNodes, imagesFrom } from "./options.ts";

/** `pullcast image`: what an image is, and which nodes it is for. */
export async function imageCommand(context: CommandContext): Promise<Ending> {
  const { args, host, signal, report } = context;
  const { options } = args;
  const { images } = imagesAndNodes(args);
  const found = cleanDeep(
    await describeImage({
      ...registryAccess(options, host),
      images,
      ...imagesFrom(options, host),
      source: sourceOptions(options, host),
      kubectl: kubectlOptions(options),
      cacheDir: cacheDir(options, host),
      ...{ signal, report },
    }),
  );
  await printOutput(context, {
    document: () => toDocument(found),
    names: () => found.map(({ image, digest }) => `${image}@${digest}\n`).join(""),
    text: (style) => found.map((image) => renderImage(image, style)).join("\n"),
  });
  const states = found.map(({ unserved }) => ({
    state: unserved.length === 0 ? ("current" as const) : ("drifted" as const),
  }));
  return { interrupted: signal.aborted, states };
}
