import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { digestOf } from "../util/digest.ts";
import { SourceFailure } from "./source.ts";

/** Gives a blob's bytes from a byte on, or from the first where it can't (status 200). */
type OpenBlob = (from: number) => Promise<IncomingMessage>;

/** Of a download that is cut again and again. */
const MAX_TRIES = 5;

/**
 * Blobs on this machine, as an OCI layout has them (image-spec 1.1: image-layout): each is read from its registry
 * once, however many nodes ask for it, and goes on where a run before was stopped. What is there is what its name says.
 */
export class BlobCache {
  readonly dir: string;
  readonly #running = new Map<string, Promise<string>>();
  /** Bytes that came from registries. */
  fetchedBytes = 0;

  /** @param dir - made where it is not there; its user's alone */
  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * The path of a blob, fetched if need be.
   *
   * @throws {SourceFailure} where it can't be had; what the file system throws
   */
  path(digest: string, open: OpenBlob): Promise<string> {
    const running = this.#running.get(digest) ?? this.#ensure(digest, open);
    this.#running.set(digest, running);
    // One failure is not the next one's.
    running.catch(() => this.#running.delete(digest));
    return running;
  }

  /** Whether a blob is here. */
  async has(digest: string): Promise<boolean> {
    return await exists(await this.#place(digest));
  }

  /**
   * Keeps a blob as it comes.
   *
   * @param expected - its digest, where that is known before
   * @returns its digest and size
   * @throws {SourceFailure} where it is another one than expected
   */
  async store(
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    expected?: string,
  ): Promise<{ readonly digest: string; readonly sizeBytes: number }> {
    const dir = await this.#blobs();
    const temporary = join(dir, `incoming.${process.pid}.${randomBytes(6).toString("hex")}.new`);
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const counted = async function* () {
      for await (const chunk of bytes) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    };
    try {
      await pipeline(counted, createWriteStream(temporary, { mode: 0o600 }));
      const digest = `sha256:${hash.digest("hex")}`;
      if (expected !== undefined && digest !== expected) {
        const words = `its bytes are not those of ${expected}: it is damaged`;
        throw new SourceFailure(words, { type: "unreadable" });
      }
      await rename(temporary, await this.#place(digest));
      return { digest, sizeBytes };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Keeps a small blob that was read already. */
  async put(digest: string, bytes: Uint8Array): Promise<void> {
    if (!(await this.has(digest))) await this.store([bytes], digest);
  }

  /** A blob's bytes, where they are here. */
  async get(digest: string): Promise<Buffer | undefined> {
    const bytes = await readFile(await this.#place(digest)).catch(() => undefined);
    return bytes !== undefined && digestOf(bytes) === digest ? bytes : undefined;
  }

  async #place(digest: string): Promise<string> {
    return join(await this.#blobs(), digest.slice("sha256:".length));
  }

  async #blobs(): Promise<string> {
    const dir = join(this.dir, "blobs", "sha256");
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  async #ensure(digest: string, openBlob: OpenBlob): Promise<string> {
    const target = await this.#place(digest);
    if (await exists(target)) return target;
    const part = `${target}.part`;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#download(part, openBlob);
        break;
      } catch (error) {
        const isFinal = error instanceof SourceFailure && error.type !== "unreachable";
        if (isFinal || attempt === MAX_TRIES) throw error;
      }
    }
    const found = await digestOfFile(part);
    if (found !== digest) {
      await rm(part, { force: true });
      const words = `its bytes are not those of ${digest}: a proxy or the registry damaged them`;
      throw new SourceFailure(words, { type: "unreachable" });
    }
    const file = await open(part, "r");
    await file.sync().finally(() => file.close());
    await rename(part, target);
    return target;
  }

  async #download(part: string, openBlob: OpenBlob): Promise<void> {
    const there = await stat(part).then(
      ({ size }) => size,
      () => 0,
    );
    const answer = await openBlob(there);
    const goesOn = answer.statusCode === 206;
    answer.on("data", (chunk: Buffer) => {
      this.fetchedBytes += chunk.length;
    });
    try {
      await pipeline(answer, createWriteStream(part, { flags: goesOn ? "a" : "w", mode: 0o600 }));
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new SourceFailure(`the download was cut: ${words}`, { type: "unreachable", cause });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}
