import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import {
  formatReference,
  type ImageReference,
  withDigest,
  withTag,
} from "../registry/reference.ts";
import { digestOf } from "../util/digest.ts";
import type { Descriptor, IndexEntry, Platform, PlatformImage, RawBlob } from "./model.ts";
import { choosePlatform } from "./platform.ts";
import { readChainIds, readConfigPlatform, readManifest } from "./read-manifest.ts";
import { type ImageSource, SourceFailure } from "./source.ts";

/** A layer is read in pieces of so many bytes. */
const CHUNK = 256 * 1024;

/** One state of an image for a whole run: what its tag means later is nobody's business here. */
export class FrozenImage {
  /** As it was asked for, in full, with a tag or a digest. */
  readonly name: string;
  /** The same repository at the digest. */
  readonly byDigest: string;
  readonly top: RawBlob;
  /** One for each platform; of an image without an index, itself. */
  readonly entries: readonly IndexEntry[];
  readonly #source: ImageSource;
  readonly #platforms = new Map<string, Promise<PlatformImage>>();

  private constructor(
    reference: ImageReference,
    top: RawBlob,
    parts: { readonly entries: readonly IndexEntry[]; readonly source: ImageSource },
  ) {
    this.name = formatReference(reference);
    this.byDigest = formatReference(withDigest(reference, top.digest));
    this.top = top;
    this.entries = parts.entries;
    this.#source = parts.source;
  }

  /**
   * Asks what a reference means now.
   *
   * @param at - the digest that it means, where that is known
   * @throws {SourceFailure}
   */
  static async freeze(
    reference: ImageReference,
    source: ImageSource,
    at?: string,
  ): Promise<FrozenImage> {
    const full = withTag(reference);
    const top = await readBlob(source, at ?? full.digest ?? full.tag ?? "latest");
    const found = readManifest(top.bytes);
    if (found === undefined) throw unreadable(top.digest);
    const entries =
      found.type === "index"
        ? await entriesOf(found.entries, source)
        : [{ ...withoutBytes(top), platform: await platformOf(source, found.config.digest) }];
    return new FrozenImage(full, top, { entries, source });
  }

  /**
   * What a machine needs; `undefined` where the image is not for it.
   *
   * @throws {SourceFailure}
   */
  async forMachine(machine: Platform): Promise<PlatformImage | undefined> {
    const entry = choosePlatform(this.entries, machine);
    if (entry?.platform === undefined) return undefined;
    const { digest, platform } = entry;
    const known = this.#platforms.get(digest) ?? this.#read(digest, platform);
    this.#platforms.set(digest, known);
    known.catch(() => this.#platforms.delete(digest));
    return await known;
  }

  /**
   * The layers of one of its manifests.
   *
   * @throws {SourceFailure}
   */
  async layersOf(digest: string): Promise<{ readonly layers: readonly Descriptor[] }> {
    return (await this.#manifest(digest)).found;
  }

  /**
   * Sees to it that a layer is on this machine.
   *
   * @throws {SourceFailure}
   */
  async fetch(digest: string): Promise<void> {
    await this.#source.file(digest);
  }

  /** A layer's bytes from a byte on; read from the registry once. */
  async read(digest: string, from: number): Promise<Readable> {
    const path = await this.#source.file(digest);
    return createReadStream(path, { start: from, highWaterMark: CHUNK });
  }

  async #read(digest: string, platform: Platform): Promise<PlatformImage> {
    const { manifest, found } = await this.#manifest(digest);
    const { layers, config } = found;
    const bytes = await configOf(this.#source, config.digest);
    const chainIds = readChainIds(bytes);
    if (chainIds?.length !== layers.length) throw unreadable(config.digest);
    return { platform, manifest, config: { ...config, bytes }, layers, chainIds };
  }

  async #manifest(digest: string) {
    const manifest = digest === this.top.digest ? this.top : await readBlob(this.#source, digest);
    const found = readManifest(manifest.bytes);
    if (found?.type !== "image") throw unreadable(digest);
    return { manifest, found };
  }
}

/** Those that can be had: an archive of an index may hold one of its platforms. */
async function entriesOf(
  entries: readonly IndexEntry[],
  source: ImageSource,
): Promise<readonly IndexEntry[]> {
  const has = await Promise.all(entries.map(({ digest }) => source.has(digest)));
  return entries.filter((_entry, at) => has[at]);
}

async function platformOf(source: ImageSource, config: string): Promise<Platform> {
  return readConfigPlatform(await configOf(source, config));
}

/** @param name - a tag or a digest */
async function readBlob(source: ImageSource, name: string): Promise<RawBlob> {
  const { bytes, mediaType } = await source.manifest(name);
  const digest = digestOf(bytes);
  if (name.startsWith("sha256:") && name !== digest) throw unreadable(name);
  return { mediaType, digest, sizeBytes: bytes.length, bytes };
}

async function configOf(source: ImageSource, digest: string): Promise<Uint8Array> {
  const bytes = await readFile(await source.file(digest));
  if (digestOf(bytes) !== digest) throw unreadable(digest);
  return bytes;
}

function withoutBytes({ mediaType, digest, sizeBytes }: RawBlob) {
  return { mediaType, digest, sizeBytes };
}

function unreadable(digest: string): SourceFailure {
  return new SourceFailure(`${digest} is no image that can be read`, { type: "unreadable" });
}
