import type { ImagesFrom } from "../../../agent/index.ts";
import type { Host } from "../../host.ts";
import type { OptionValues, ParsedArgs } from "../../options/parse-argv.ts";
import { expandHome } from "../../options/values.ts";
import { usageError } from "../../usage-error.ts";

/** Where images are, if not in registries; a file called docker is written ./docker. */
export function imagesFrom(
  options: OptionValues,
  { homeDir }: Host,
): { readonly imagesFrom?: ImagesFrom } {
  const from = options.text("images-from");
  if (from === undefined) return {};
  return {
    imagesFrom:
      from === "docker" ? { type: "docker" } : { type: "path", path: expandHome(from, homeDir) },
  };
}

/**
 * Tells images and nodes of one command line apart: names of nodes have no slash, colon or at sign. Of a folder or an
 * archive no image means all.
 *
 * @throws {PullcastError} PC001 where there is no image
 */
export function imagesAndNodes(args: ParsedArgs): {
  readonly images: readonly string[];
  readonly nodes: ParsedArgs;
} {
  const isImage = (text: string) => /[/:@]/.test(text) && !/^nodes?\//.test(text);
  const images = args.operands.filter(isImage);
  const from = args.options.text("images-from");
  const mayBeNone = from !== undefined && from !== "docker";
  if (images.length > 0 || mayBeNone) {
    return {
      images,
      nodes: { ...args, operands: args.operands.filter((text) => !isImage(text)) },
    };
  }
  const [first] = args.operands;
  throw usageError(
    first === undefined ? "no image is named" : `${first} is taken for a node: no image is named`,
    "write images in full: docker.io/library/nginx:1.27",
  );
}
