import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { arch } from "node:os";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { BedError } from "./model.ts";
import { type TarEntry, tar } from "./tar.ts";

/** A registry to push to; without `user` nobody logs in. */
export interface PushTarget {
  /** HOST:PORT */
  readonly host: string;
  /** PEM of the CA to trust. */
  readonly ca: string;
  readonly user?: string;
  readonly password?: string;
}

/** An image of one layer. */
export interface ImageContent {
  /** REPOSITORY:TAG */
  readonly name: string;
  /** Give every image content of its own: the kubelet tells images apart by their ID. */
  readonly files: readonly TarEntry[];
  /** Layers below that of `files`, the lowest first. */
  readonly below?: readonly (readonly TarEntry[])[];
  readonly entrypoint?: readonly string[];
  /** GOARCH; default: this machine's. */
  readonly architecture?: string;
}

/** Where an image is. */
export interface PushedImage {
  readonly ref: string;
  /** `sha256:…` of its manifest. */
  readonly digest: string;
  /** Of its manifest. */
  readonly sizeBytes: number;
}

const DOCKER_TYPE = "application/vnd.docker";
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE = `${DOCKER_TYPE}.distribution.manifest.v2+json`;

/** Makes an image and pushes it by the registry's HTTP API. Throws BedError if the registry refuses. */
export async function pushImage(target: PushTarget, image: ImageContent): Promise<PushedImage> {
  const [repository, tag] = image.name.split(":");
  if (repository === undefined || tag === undefined) throw new BedError(`no tag: ${image.name}`);
  const layers = [...(image.below ?? []), image.files].map((files) => {
    const plain = tar(files);
    return { plain, packed: gzipSync(plain, { level: 1 }) };
  });
  const config = JSON.stringify({
    architecture: image.architecture ?? (arch() === "x64" ? "amd64" : arch()),
    os: "linux",
    config: { Entrypoint: image.entrypoint ?? null, Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ plain }) => digestOf(plain)) },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor(`${DOCKER_TYPE}.container.image.v1+json`, config),
    layers: layers.map(({ packed }) =>
      descriptor(`${DOCKER_TYPE}.image.rootfs.diff.tar.gzip`, packed),
    ),
  });
  for (const blob of [config, ...layers.map(({ packed }) => packed)])
    await putBlob(target, repository, blob);
  const path = `/v2/${repository}/manifests/${tag}`;
  await call(target, { method: "PUT", path, body: manifest, type: MANIFEST_TYPE, expect: 201 });
  return {
    ref: `${target.host}/${image.name}`,
    digest: digestOf(manifest),
    sizeBytes: Buffer.byteLength(manifest),
  };
}

/** Pushes an index of images that are there, by platform; `others` are entries as they are. */
export async function pushIndex(
  target: PushTarget,
  index: {
    /** REPOSITORY:TAG */
    readonly name: string;
    readonly images: readonly (PushedImage & { readonly architecture: string })[];
    readonly others?: readonly object[];
  },
): Promise<PushedImage> {
  const [repository, tag] = index.name.split(":");
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      ...index.images.map(({ digest, sizeBytes, architecture }) => ({
        ...{ mediaType: MANIFEST_TYPE, digest, size: sizeBytes },
        platform: { os: "linux", architecture },
      })),
      ...(index.others ?? []),
    ],
  });
  const path = `/v2/${repository}/manifests/${tag}`;
  await call(target, { method: "PUT", path, body, type: INDEX_TYPE, expect: 201 });
  const digest = digestOf(body);
  return { ref: `${target.host}/${index.name}`, digest, sizeBytes: Buffer.byteLength(body) };
}

function descriptor(mediaType: string, content: string | Buffer) {
  return { mediaType, size: Buffer.byteLength(content), digest: digestOf(content) };
}

function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

async function putBlob(target: PushTarget, repository: string, blob: string | Buffer) {
  const start = `/v2/${repository}/blobs/uploads/`;
  const { headers } = await call(target, { method: "POST", path: start, expect: 202 });
  const place = new URL(headers.location ?? "", `https://${target.host}`);
  place.searchParams.set("digest", digestOf(blob));
  const path = `${place.pathname}${place.search}`;
  const type = "application/octet-stream";
  await call(target, { method: "PUT", path, body: blob, type, expect: 201 });
}

interface RegistryCall {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly body?: string | Buffer;
  readonly type?: string;
  readonly expect: number;
}

async function call(target: PushTarget, spec: RegistryCall): Promise<IncomingMessage> {
  const { host, ca, user, password } = target;
  const body = spec.body ?? "";
  const sent = request(`https://${host}${spec.path}`, {
    method: spec.method,
    ca,
    agent: false,
    ...(user === undefined ? {} : { auth: `${user}:${password ?? ""}` }),
    headers: {
      "content-length": Buffer.byteLength(body),
      ...(spec.type === undefined ? {} : { "content-type": spec.type }),
    },
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const words = await text(response);
  if (response.statusCode === spec.expect) return response;
  throw new BedError(`${spec.method} ${host}${spec.path}: HTTP ${response.statusCode} ${words}`);
}
