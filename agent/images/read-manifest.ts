import { chainIdsOf } from "../util/chain-ids.ts";
import { parseJson } from "../util/parse-json.ts";
import type { Descriptor, IndexEntry, Platform } from "./model.ts";

/** What a manifest's bytes say: an index of platforms, or one image. */
export type ReadManifest =
  | { readonly type: "index"; readonly entries: readonly IndexEntry[] }
  | { readonly type: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] };

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MAX_PARTS = 1000;

/**
 * Reads an OCI index or manifest, or docker's like (image-spec 1.1; docker: schema 2).
 *
 * @returns `undefined` for what is neither, or names a blob in a way that nobody could ask for
 */
export function readManifest(bytes: Uint8Array): ReadManifest | undefined {
  const parsed = parseJson(Buffer.from(bytes).toString()) as Fields | undefined;
  if (Array.isArray(parsed?.["manifests"])) {
    const entries = (parsed["manifests"] as Fields[]).slice(0, MAX_PARTS).map(indexEntry);
    return entries.includes(undefined)
      ? undefined
      : { type: "index", entries: entries as IndexEntry[] };
  }
  const config = descriptor(parsed?.["config"] as Fields | undefined);
  if (config === undefined || !Array.isArray(parsed?.["layers"])) return undefined;
  const layers = (parsed["layers"] as Fields[]).slice(0, MAX_PARTS).map(descriptor);
  if (layers.includes(undefined)) return undefined;
  return { type: "image", config, layers: layers as Descriptor[] };
}

/** The media type of an index or manifest: it tells its own, or need not where it is OCI's. */
export function imageType(bytes: Uint8Array): string {
  const parsed = parseJson(Buffer.from(bytes).toString()) as Fields | undefined;
  const type = parsed?.["mediaType"];
  if (typeof type === "string") return type;
  const kind = Array.isArray(parsed?.["manifests"]) ? "index" : "manifest";
  return `application/vnd.oci.image.${kind}.v1+json`;
}

/**
 * The chain IDs of a configuration's layers (image-spec 1.1, config: layer chain ID).
 *
 * @returns `undefined` where it doesn't tell them
 */
export function readChainIds(config: Uint8Array): readonly string[] | undefined {
  const parsed = parseJson(Buffer.from(config).toString()) as Fields | undefined;
  const rootfs = parsed?.["rootfs"] as Fields | undefined;
  const ids = rootfs?.["diff_ids"];
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === "string" && DIGEST.test(id)))
    return undefined;
  return chainIdsOf(ids as string[]);
}

/** The platform that a configuration is for. */
export function readConfigPlatform(config: Uint8Array): Platform {
  return platformOf(parseJson(Buffer.from(config).toString()) as Fields | undefined) ?? UNKNOWN;
}

const UNKNOWN: Platform = { os: "unknown", architecture: "unknown" };

type Fields = Readonly<Record<string, unknown>>;

function descriptor(fields: Fields | undefined): Descriptor | undefined {
  const { mediaType = "", digest, size } = fields ?? {};
  if (typeof digest !== "string" || !DIGEST.test(digest)) return undefined;
  if (!Number.isSafeInteger(size) || Number(size) < 0 || typeof mediaType !== "string")
    return undefined;
  return { mediaType, digest, sizeBytes: Number(size) };
}

function indexEntry(fields: Fields): IndexEntry | undefined {
  const blob = descriptor(fields);
  if (blob === undefined) return undefined;
  const platform = platformOf(fields["platform"] as Fields | undefined);
  const isImage = platform !== undefined && platform.os !== "unknown";
  return isImage ? { ...blob, platform } : blob;
}

function platformOf(fields: Fields | undefined): Platform | undefined {
  const { os, architecture, variant } = fields ?? {};
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" ? { variant } : {}) };
}
