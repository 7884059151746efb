import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { Secret } from "../secret.ts";
import { digestOf } from "../util/digest.ts";
import type { FrozenImage } from "./frozen-image.ts";
import type { PlatformImage } from "./model.ts";
import { PacedStream } from "./paced-stream.ts";

/** One image for one platform, as a registry would have it. */
export interface ServedImage {
  readonly image: FrozenImage;
  readonly made: PlatformImage;
  /** Sees bytes of layers before they go, and may keep them waiting. */
  readonly pace: (bytes: number) => Promise<void>;
}

/** A registry that listens nowhere: connections are handed to it. */
export interface ImageServer {
  /** Whoever asks must know it. */
  readonly token: Secret;
  /** One that is asked for what it has not ends as another would. */
  readonly server: Server;
  /** The first thing that could not be read; its client got an error. */
  readonly failure: () => unknown;
  close(): void;
}

/**
 * Serves one image, and nothing else, by the part of the distribution API that a pull by digest needs (distribution
 * specification 1.1): manifests and blobs, with ranges.
 */
export function serveImage(served: ServedImage): ImageServer {
  const token = new Secret(randomBytes(24).toString("base64url"));
  let failure: unknown;
  const server = createServer((request, response) => {
    answer(request, response, { ...served, token }).catch((error: unknown) => {
      failure ??= error;
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  // A containerd that tries TLS first goes on where it is answered, and not where it is hung up on (1.6, 1.7).
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  server.keepAliveTimeout = 0;
  return { token, server, failure: () => failure, close: () => server.closeAllConnections() };
}

const KINDS = /^\/v2\/(?:(.+)\/(manifests|blobs)\/(sha256:[0-9a-f]{64}))?$/;

async function answer(
  { method = "", url = "", headers }: IncomingMessage,
  response: ServerResponse,
  { image, made, pace, token }: ServedImage & { readonly token: Secret },
): Promise<void> {
  if (!isBearer(headers.authorization ?? "", token)) return end(response, 401);
  if (method !== "GET" && method !== "HEAD") return end(response, 405);
  const [path = ""] = url.split("?");
  const [found, , kind, digest = ""] = KINDS.exec(path) ?? [];
  if (found === undefined) return end(response, 404);
  if (kind === undefined) return end(response, 200);
  const isHead = method === "HEAD";
  const small = [image.top, made.manifest, made.config].find((blob) => blob.digest === digest);
  if (small !== undefined) {
    const { bytes, mediaType } = small;
    response.writeHead(200, head({ mediaType, digest, size: bytes.length }));
    response.end(isHead ? undefined : bytes);
    return;
  }
  const layer = made.layers.find((one) => one.digest === digest);
  if (layer === undefined) return end(response, 404);
  const from = startOf(headers.range, layer.sizeBytes);
  const size = layer.sizeBytes - from;
  const range =
    from === 0
      ? {}
      : { "Content-Range": `bytes ${from}-${layer.sizeBytes - 1}/${layer.sizeBytes}` };
  const facts = { ...head({ mediaType: "application/octet-stream", digest, size }), ...range };
  if (isHead) {
    response.writeHead(200, facts).end();
    return;
  }
  const bytes = await image.read(digest, from);
  response.writeHead(from === 0 ? 200 : 206, facts);
  await new Promise<void>((resolve, reject) => {
    pipeline(bytes, new PacedStream(pace), response, (error) => {
      // The node hung up: it tells why.
      if (error === undefined || error === null || response.destroyed) resolve();
      else reject(error);
    });
  });
}

function isBearer(header: string, token: Secret): boolean {
  const given = Buffer.from(digestOf(header));
  return timingSafeEqual(given, Buffer.from(digestOf(`Bearer ${token.reveal()}`)));
}

function head({ mediaType, digest, size }: { mediaType: string; digest: string; size: number }) {
  return {
    "Content-Type": mediaType,
    "Content-Length": String(size),
    "Docker-Content-Digest": digest,
    "Accept-Ranges": "bytes",
  };
}

/** The first byte that is asked for; ranges of other forms get all of it. */
function startOf(range: string | undefined, size: number): number {
  const [, from = "0"] = /^bytes=(\d{1,15})-$/.exec(range ?? "") ?? [];
  return Number(from) < size ? Number(from) : 0;
}

/** Whoever is refused is not listened to any longer, whatever else it sends. */
function end(response: ServerResponse, status: number): void {
  const more = status === 200 ? {} : { Connection: "close" };
  response.writeHead(status, { "Content-Length": "0", ...more }).end();
}
