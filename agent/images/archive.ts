import { posix } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadEntry } from "tar";
import { errorWords } from "../registry/words.ts";
import { digestOf } from "../util/digest.ts";
import { parseJson } from "../util/parse-json.ts";
import type { BlobCache } from "./blob-cache.ts";
import { BlobFolder, layoutImages } from "./layout.ts";
import { readChainIds } from "./read-manifest.ts";
import { type LocalImage, type LocalImages, SourceFailure } from "./source.ts";

/** Of what is read whole: an index, a list. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const LISTS: ReadonlySet<string> = new Set(["index.json", "manifest.json"]);
const OCI = "application/vnd.oci.image";

/** What an archive holds, by its members' paths. */
interface Members {
  readonly lists: Map<string, Buffer>;
  readonly blobs: Map<string, StoredBlob>;
  /** A layer that two images share is a link in docker's archives. */
  readonly links: Map<string, string>;
}

interface StoredBlob {
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * Takes the images of an archive into the cache: an OCI layout as a tar, or what `docker save` writes; plain or
 * compressed by gzip or zstd. An image that docker kept without its registry's manifest gets one here, always the
 * same: its digest is not the registry's.
 *
 * @throws {SourceFailure} where it is no such archive, or damaged
 */
export async function unpackArchive(bytes: Readable, cache: BlobCache): Promise<LocalImages> {
  const members = await readMembers(bytes, cache);
  const index = members.lists.get("index.json");
  const list = members.lists.get("manifest.json");
  const source = new BlobFolder(cache.dir);
  if (index !== undefined) return { images: layoutImages(index), source };
  if (list !== undefined) return { images: await dockerImages(list, members, cache), source };
  throw unreadable("neither an OCI layout nor an archive of docker's is in it");
}

async function readMembers(bytes: Readable, cache: BlobCache): Promise<Members> {
  const { Parser } = await import("tar");
  const members: Members = { lists: new Map(), blobs: new Map(), links: new Map() };
  let failure: unknown;
  const taken: Promise<void>[] = [];
  const open = new Set<ReadEntry>();
  let giveUp: (() => void) | undefined;
  const given = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  // What follows is of no use; what is being read would wait for its end.
  const fail = (error: unknown) => {
    failure ??= error;
    const cause = error instanceof Error ? error : new Error(String(error));
    bytes.destroy(cause);
    for (const entry of open) entry.destroy(cause);
    giveUp?.();
  };
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      open.add(entry);
      // Whoever reads it hears of it; nobody reads it later.
      entry.on("error", () => undefined);
      const done = takeMember(entry, members, cache)
        .catch(fail)
        .finally(() => open.delete(entry));
      taken.push(done);
      if (failure !== undefined) entry.destroy();
    },
  });
  // A parser whose entry nobody reads to its end has no end either.
  const parsed = pipeline(bytes, parser as unknown as NodeJS.WritableStream).catch(fail);
  await Promise.race([parsed, given]);
  await Promise.all(taken);
  if (failure === undefined) return members;
  if (failure instanceof SourceFailure) throw failure;
  throw unreadable(errorWords(failure), failure);
}

async function takeMember(entry: ReadEntry, members: Members, cache: BlobCache): Promise<void> {
  const path = posix.normalize(entry.path);
  const { type, linkpath } = entry;
  if (type === "SymbolicLink" && linkpath !== undefined)
    members.links.set(path, posix.join(posix.dirname(path), linkpath));
  else if (type === "Link" && linkpath !== undefined)
    members.links.set(path, posix.normalize(linkpath));
  if (type !== "File" && type !== "OldFile") {
    entry.resume();
  } else if (LISTS.has(path)) {
    members.lists.set(path, await wholeText(entry));
  } else {
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    const expected = hex === undefined ? undefined : `sha256:${hex}`;
    if (expected !== undefined && (await cache.has(expected))) {
      members.blobs.set(path, { digest: expected, sizeBytes: entry.size });
      entry.resume();
    } else if (expected !== undefined || /\.(?:json|tar)$/.test(path)) {
      members.blobs.set(path, await cache.store(chunksOf(entry), expected));
    } else entry.resume();
  }
}

/** A destroyed entry has no end that could be waited for. */
async function* chunksOf(entry: ReadEntry): AsyncGenerator<Uint8Array> {
  if (entry.destroyed) throw new Error("the archive was given up");
  yield* entry as AsyncIterable<Uint8Array>;
}

async function wholeText(entry: ReadEntry): Promise<Buffer> {
  if (entry.size > MAX_TEXT_BYTES) throw unreadable(`${posix.normalize(entry.path)} is too large`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(entry)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface DockerImage {
  readonly Config?: unknown;
  readonly RepoTags?: unknown;
  readonly Layers?: unknown;
}

/** The images of docker's `manifest.json` (docker: image/spec v1.2), each with a manifest of its own. */
async function dockerImages(
  list: Buffer,
  members: Members,
  cache: BlobCache,
): Promise<LocalImage[]> {
  const parsed = parseJson(list.toString());
  if (!Array.isArray(parsed)) throw unreadable("its manifest.json lists no images");
  const images: LocalImage[] = [];
  for (const { Config, RepoTags, Layers } of parsed as DockerImage[]) {
    const paths = Array.isArray(Layers) ? (Layers as unknown[]) : [];
    const config = memberAt(members, Config);
    const layers = paths.map((path) => memberAt(members, path));
    const bytes = await cache.get(config.digest);
    const chain = bytes && readChainIds(bytes);
    if (chain?.length !== layers.length)
      throw unreadable(`its configuration ${config.digest} is of other layers`);
    const names = Array.isArray(RepoTags) ? (RepoTags as unknown[]) : [];
    images.push({
      digest: await keepManifest(cache, config, layers),
      names: names.filter((name): name is string => typeof name === "string"),
    });
  }
  return images;
}

async function keepManifest(
  cache: BlobCache,
  config: StoredBlob,
  layers: readonly StoredBlob[],
): Promise<string> {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: descriptor(`${OCI}.config.v1+json`, config),
    layers: layers.map((layer) => descriptor(`${OCI}.layer.v1.tar`, layer)),
  });
  const digest = digestOf(manifest);
  await cache.put(digest, Buffer.from(manifest));
  return digest;
}

function descriptor(mediaType: string, { digest, sizeBytes }: StoredBlob) {
  return { mediaType, digest, size: sizeBytes };
}

/** A member by its path, over links. */
function memberAt({ blobs, links }: Members, path: unknown): StoredBlob {
  let at = typeof path === "string" ? posix.normalize(path) : "";
  for (let hop = 0; hop < 5 && !blobs.has(at); hop += 1) at = links.get(at) ?? at;
  const found = blobs.get(at);
  if (found === undefined) throw unreadable(`it lacks ${String(path)}`);
  return found;
}

function unreadable(words: string, cause?: unknown): SourceFailure {
  return new SourceFailure(words, { type: "unreadable", cause });
}
