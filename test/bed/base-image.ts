import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { follow } from "./docker.ts";
import { ensureHostTools } from "./host-tools.ts";
import { BedError, type Progress } from "./model.ts";
import { run, withHeartbeat } from "./progress.ts";
import { cacheRoot } from "./state.ts";

/** What all Dockerfiles of the bed start from. */
export const BASE_IMAGE = "debian:bookworm-slim";

const SUITE = "bookworm";
const MIRROR = "http://deb.debian.org/debian";
const PULL_LIMIT_MS = 60_000;

/**
 * Sees to it that the base image is there: pulled, or, where no registry can be reached, made by debootstrap
 * and imported under the same name. Gives its ID.
 */
export async function ensureBaseImage(docker: Docker, report: Progress): Promise<string> {
  const image = docker.getImage(BASE_IMAGE);
  const present = await image.inspect().catch(() => undefined);
  if (present !== undefined) return present.Id;
  const failure = await pull(docker).then(
    () => undefined,
    (error: Error) => error,
  );
  if (failure !== undefined) {
    report(`${BASE_IMAGE} can't be pulled (${failure.message}): making it by debootstrap`);
    if (process.getuid?.() !== 0) {
      throw new BedError(
        `${BASE_IMAGE} can't be pulled, and debootstrap needs root: docker pull it`,
        {
          cause: failure,
        },
      );
    }
    await bootstrap(docker, report);
  }
  return (await image.inspect()).Id;
}

async function pull(docker: Docker): Promise<void> {
  const abortSignal = AbortSignal.timeout(PULL_LIMIT_MS);
  const stream = await docker.pull(BASE_IMAGE, { abortSignal });
  await follow(docker, stream);
}

async function bootstrap(docker: Docker, report: Progress): Promise<void> {
  await ensureHostTools(["debootstrap"], report);
  await mkdir(cacheRoot(), { recursive: true, mode: 0o700 });
  const archive = join(cacheRoot(), `debian-${SUITE}.tar`);
  await withHeartbeat(`making Debian ${SUITE} by debootstrap`, report, async () => {
    const scratch = await mkdtemp(join(cacheRoot(), "debootstrap-"));
    try {
      const root = join(scratch, "root");
      const include = "--include=ca-certificates";
      await run(["debootstrap", "--variant=minbase", include, SUITE, root, await mirror()]);
      await useSourcesOfMachine(root);
      await run(["tar", "--one-file-system", "-C", root, "-cf", join(scratch, "root.tar"), "."]);
      await rename(join(scratch, "root.tar"), archive);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    const [repo, tag] = BASE_IMAGE.split(":");
    const stream = await docker.importImage(archive, { repo, tag });
    await follow(docker, stream);
    await rm(archive, { force: true });
  });
}

/** The mirror that this machine's apt uses for the suite, else Debian's own. */
async function mirror(): Promise<string> {
  const format = "$(REPO_URI)";
  const filter = ["Created-By: Packages", `Codename: ${SUITE}`, "Component: main"] as const;
  const text = await run(["apt-get", "indextargets", "--format", format, ...filter]).catch(
    () => "",
  );
  return text.split("\n").find((line) => /^(https?|ftp|file):.*debian\/?$/.test(line)) ?? MIRROR;
}

/** Hands on the machine's Debian sources and apt proxies, so that apt works in builds as it does here. */
async function useSourcesOfMachine(root: string): Promise<void> {
  const dir = "/etc/apt/sources.list.d";
  const files = (await readdir(dir).catch(() => [])).filter((file) => file.startsWith("debian"));
  await rm(join(root, "etc/apt/sources.list"), { force: true });
  const list = "/etc/apt/sources.list";
  if (files.length === 0) await cp(list, join(root, list));
  for (const file of files) await cp(join(dir, file), join(root, dir, file));
  const dump = await run(["apt-config", "dump", "Acquire"]);
  const proxies = dump.split("\n").filter((line) => /^Acquire::https?::Proxy/i.test(line));
  await writeFile(join(root, "etc/apt/apt.conf.d/01bed"), `${proxies.join("\n")}\n`);
}
