import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorWords } from "../registry/words.ts";
import { parseJson } from "../util/parse-json.ts";
import { imageType, readManifest } from "./read-manifest.ts";
import { type ImageSource, type LocalImage, type LocalImages, SourceFailure } from "./source.ts";

const FULL_NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Images of a folder that is an OCI layout (image-spec 1.1: image-layout). Its blobs are read where they are.
 *
 * @throws {SourceFailure} where it is none
 */
export async function openLayout(dir: string): Promise<LocalImages> {
  const index = await readFile(join(dir, "index.json")).catch((cause: unknown) => {
    const words = `${dir} is no OCI layout: ${errorWords(cause)}`;
    throw new SourceFailure(words, { type: "unreadable", cause });
  });
  return { images: layoutImages(index), source: new BlobFolder(dir) };
}

/**
 * What an `index.json` lists; an image that it lists under several names is one.
 *
 * @throws {SourceFailure} where it lists nothing that can be read
 */
export function layoutImages(index: Uint8Array): LocalImage[] {
  const found = readManifest(index);
  if (found?.type !== "index")
    throw new SourceFailure("its index.json lists no images", { type: "unreadable" });
  const annotations = annotationsOf(index);
  const images = new Map<string, Set<string>>();
  for (const [at, { digest }] of found.entries.entries()) {
    const names = images.get(digest) ?? new Set();
    images.set(digest, names);
    const { [FULL_NAME]: full, [REF_NAME]: ref } = annotations[at] ?? {};
    const name = full ?? ref;
    if (typeof name === "string" && name !== "") names.add(name);
  }
  return [...images].map(([digest, names]) => ({ digest, names: [...names] }));
}

function annotationsOf(index: Uint8Array): readonly Readonly<Record<string, unknown>>[] {
  const { manifests } = parseJson(Buffer.from(index).toString()) as {
    readonly manifests: readonly { readonly annotations?: Readonly<Record<string, unknown>> }[];
  };
  return manifests.map(({ annotations }) => annotations ?? {});
}

/** The blobs of a layout: what is there under a digest is taken for it, nodes check what they get. */
export class BlobFolder implements ImageSource {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async manifest(digest: string) {
    const bytes = await readFile(await this.file(digest));
    return { bytes, mediaType: imageType(bytes) };
  }

  async has(digest: string): Promise<boolean> {
    return await this.file(digest).then(
      () => true,
      () => false,
    );
  }

  async file(digest: string): Promise<string> {
    const path = join(this.#dir, "blobs", "sha256", digest.slice("sha256:".length));
    try {
      const file = await open(path, "r");
      await file.close();
      return path;
    } catch (cause) {
      const words = `it does not have ${digest}: ${errorWords(cause)}`;
      throw new SourceFailure(words, { type: "not-found", cause });
    }
  }
}
