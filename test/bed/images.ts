import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { ensureBaseImage } from "./base-image.ts";
import { follow } from "./docker.ts";
import { BedError, type Progress } from "./model.ts";
import { withHeartbeat } from "./progress.ts";
import { withLock } from "./state.ts";
import { type TarEntry, tar } from "./tar.ts";

/** A directory under `images/` with a Dockerfile. */
export type ImageKind = "host" | "node" | "control" | "containerd";

interface BuildOptions {
  /** Image to build on; absent: the base image. */
  readonly base?: string;
  /** More files for the build, beside those of the directory. */
  readonly files?: readonly TarEntry[];
  /** Build arguments beside the base and the machine's proxies. */
  readonly args?: Readonly<Record<string, string>>;
}

/** Gives the name of an image of the bed, building it if this recipe has not been built yet. */
export async function ensureImage(
  docker: Docker,
  kind: ImageKind,
  options: BuildOptions & { readonly report: Progress },
): Promise<string> {
  return await withLock(`image-${kind}`, async () => {
    const base = options.base ?? (await ensureBaseImage(docker, options.report));
    const context = [...(await recipe(kind)), ...(options.files ?? [])];
    const { args = {} } = options;
    const name = `pullcast-bed/${kind}:${fingerprint(base, context, args)}`;
    const present = await docker
      .getImage(name)
      .inspect()
      .catch(() => undefined);
    if (present === undefined) {
      await withHeartbeat(`building the image of a ${kind}`, options.report, () =>
        buildImage(docker, { name, context, args: { BASE: base, ...args } }),
      );
    }
    return name;
  });
}

async function recipe(kind: ImageKind): Promise<TarEntry[]> {
  const dir = fileURLToPath(new URL(`./images/${kind}/`, import.meta.url));
  const names = (await readdir(dir)).sort();
  return await Promise.all(
    names.map(async (path) => ({
      path,
      data: await readFile(`${dir}/${path}`),
      mode: path.endsWith(".sh") ? 0o755 : 0o644,
    })),
  );
}

function fingerprint(
  base: string,
  context: readonly TarEntry[],
  args: Readonly<Record<string, string>>,
): string {
  const hash = createHash("sha256").update(base);
  for (const [name, value] of Object.entries(args)) hash.update(`\0${name}=${value}`);
  for (const { path, data } of context) hash.update(`\0${path}\0`).update(data ?? "");
  return hash.digest("hex").slice(0, 16);
}

async function buildImage(
  docker: Docker,
  build: { name: string; context: readonly TarEntry[]; args: Readonly<Record<string, string>> },
): Promise<void> {
  const stream = await docker.buildImage(Readable.from([tar(build.context)]), {
    t: build.name,
    // The machine's own network, so that names resolve in builds as they do outside.
    networkmode: "host",
    buildargs: { ...build.args, ...proxies() },
    rm: true,
    forcerm: true,
  });
  await follow(docker, stream).catch((cause: Error) => {
    throw new BedError(`the image ${build.name} can't be built:\n${cause.message}`, { cause });
  });
}

/** Docker knows these build arguments without a declaration, and keeps them out of the image. */
function proxies(): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value ? [[name, value]] : [];
    }),
  );
}
