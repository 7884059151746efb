import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PreloadItem, PreloadReport } from "../../../agent/index.ts";
import { blobsOf, layoutMembers, madeImage } from "../../agent/images/local-image.ts";
import { type Bed, upBed } from "../../bed/index.ts";
import { tar } from "../../bed/tar.ts";
import { buildImage } from "../build-image.ts";
import { type CliUser, newCliUser } from "../cli.ts";
import { loginArgs } from "./host-tools.ts";

const ENGINES = "pullcast-test/engines";
const REF = "reg.example/team/app:1";
const MAX_BYTES = 512 * 1024 * 1024;

let bed: Bed;
let user: CliUser;
beforeAll(async () => {
  bed = await upBed({ name: `eng-${process.pid}`, nodes: 2, mayMount: true });
  await buildImage(fileURLToPath(new URL("engines-image", import.meta.url)), ENGINES);
  user = await newCliUser();
  await mkdir(user.home, { recursive: true });
  const run = promisify(execFile);
  const files = { encoding: "buffer", maxBuffer: MAX_BYTES } as const;
  const { stdout } = await run("docker", ["run", "--rm", ENGINES], files);
  for (const { name } of bed.nodes)
    await bed.exec(name, ["tar", "-x", "-C", "/", "--keep-old-files"], { input: stdout });
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});

const node = (index: number) => bed.nodes[index]?.name ?? "";
async function sh(where: string, script: string): Promise<string> {
  const run = await bed.exec(where, ["sh", "-c", script]);
  if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
  return run.stdout.trim();
}

/** Leaves a socket there, as a program does that was ended. */
const socketAt = (path: string) =>
  `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "${path}", Listen => 1) or die'`;

/** An OCI archive of an image by its name, with such layers. */
async function archiveOf(path: string, layers: readonly Buffer[]): Promise<void> {
  const image = madeImage(layers.map((data, index) => [{ path: `layer-${index}`, data }]));
  const annotations = { "io.containerd.image.name": REF };
  const named = [{ digest: image.digest, size: image.manifest.length, annotations }];
  await writeFile(path, tar(layoutMembers(named, blobsOf(image))));
}

async function preload(
  where: number,
  archive: string,
  ...more: string[]
): Promise<PreloadItem | undefined> {
  const { name, address, port } = bed.nodes[where] ?? {};
  const run = await user.run([
    ...["preload", "--images-from", archive, ...loginArgs(bed)],
    ...["--hosts", `${name}=${address}:${port}`, "--disk-limit", "100%", "-o", "json", ...more],
  ]);
  try {
    return (JSON.parse(run.stdout) as PreloadReport).items[0];
  } catch (cause) {
    throw new Error(run.stdout + run.stderr, { cause });
  }
}

const base = randomBytes(300_000);

describe("a node whose kubelet's runtime is docker", () => {
  beforeAll(async () => {
    const options = "--storage-driver vfs --bridge none --iptables=false --ip-masq=false";
    await sh(node(0), `setsid dockerd ${options} >/var/log/dockerd 2>&1 </dev/null &`);
    await sh(node(0), "until docker info >/dev/null 2>&1; do sleep 0.2; done");
    // cri-dockerd itself is no package of Debian's: what tells of it is its socket.
    await sh(node(0), socketAt("/run/cri-dockerd.sock"));
  });

  it("gets what it lacks by docker's own command, and knows it again", async () => {
    const archive = join(user.home, "one.tar");
    await archiveOf(archive, [base, randomBytes(1000)]);
    const first = await preload(0, archive);
    expect(first).toMatchObject({ result: "loaded", way: "load", pinned: false, image: REF });
    expect(first?.sentBytes).toBeGreaterThan(300_000);
    expect(await sh(node(0), `docker image inspect --format '{{len .RootFS.Layers}}' ${REF}`)).toBe(
      "2",
    );
    expect(await preload(0, archive)).toMatchObject({ result: "present" });
  });

  it("gets of a next one the layer that is new", async () => {
    const archive = join(user.home, "two.tar");
    await archiveOf(archive, [base, randomBytes(1000)]);
    const next = await preload(0, archive);
    expect(next).toMatchObject({ result: "loaded", way: "load" });
    expect(next?.sentBytes).toBeLessThan(10_000);
  });

  it("holds no sets", async () => {
    const archive = join(user.home, "two.tar");
    expect(await preload(0, archive, "--set", "base")).toMatchObject({
      ...{ result: "failed", code: "PC719" },
    });
  });
});

describe("a node whose kubelet's runtime is CRI-O, with podman beside it", () => {
  beforeAll(async () => {
    const places =
      'runroot = "/run/containers/storage"\\ngraphroot = "/var/lib/containers/storage"';
    const storage = `printf '[storage]\\ndriver = "vfs"\\n${places}\\n' >/etc/containers/storage.conf`;
    await sh(node(1), `mkdir -p /run/crio /etc/containers && ${storage}`);
    await sh(node(1), socketAt("/run/crio/crio.sock"));
  });

  it("gets it by podman's own command, and knows it again", async () => {
    const archive = join(user.home, "three.tar");
    await archiveOf(archive, [base, randomBytes(1000)]);
    const first = await preload(1, archive);
    expect(first).toMatchObject({ result: "loaded", way: "load", pinned: false });
    expect(await sh(node(1), `podman image inspect --format '{{len .RootFS.Layers}}' ${REF}`)).toBe(
      "2",
    );
    expect(await preload(1, archive)).toMatchObject({ result: "present" });
  });
});
