import { buffer } from "node:stream/consumers";
import type { Platform } from "./model.ts";
import { readConfigPlatform, readManifest } from "./read-manifest.ts";
import type { RegistrySource } from "./registry-source.ts";
import { SourceFailure } from "./source.ts";

/**
 * The platforms that an image is for, and no more of it.
 *
 * @param name - a tag or a digest
 * @throws {SourceFailure}
 */
export async function readPlatforms(
  registry: RegistrySource,
  name: string,
): Promise<readonly Platform[]> {
  const { bytes } = await registry.manifest(name);
  const found = readManifest(bytes);
  if (found === undefined)
    throw new SourceFailure("it is no image that can be read", { type: "unreadable" });
  if (found.type === "index") return found.entries.flatMap(({ platform }) => platform ?? []);
  return [readConfigPlatform(await buffer(await registry.blob(found.config.digest)))];
}
