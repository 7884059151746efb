import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tar } from "../../bed/tar.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { preloadRig } from "./preload-rig.ts";

const bed = await useClusterBed();
const rig = await preloadRig(bed, "sources");
const { names, ctr, sh, preload, byNode } = rig;
const [first = "", second = ""] = names;
/** As docker and nodes call it; there is no such registry. */
const name = `local.invalid/${rig.repository}:1`;

/** Runs a program, with what it is to read; gives what it prints. */
async function exec(program: string, args: readonly string[], input?: Buffer): Promise<Buffer> {
  const running = promisify(execFile)(program, args, { encoding: "buffer", maxBuffer: 64e6 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}
let saved: string;

beforeAll(async () => {
  const busybox = await readFile("/bin/busybox");
  const layer = tar([
    { path: "bin/", mode: 0o755 },
    { path: "bin/sh", data: busybox, mode: 0o755 },
    { path: "mark", data: `docker ${randomBytes(8).toString("hex")}` },
  ]);
  await exec("docker", ["import", "-", name], layer);
  saved = join(rig.user.home, "saved.tar");
  await mkdir(rig.user.home, { recursive: true });
  await exec("docker", ["save", "--output", saved, name]);
});
afterAll(async () => {
  await exec("docker", ["rmi", "--force", name]);
  await rig.close();
});

const startsAlone = async (node: string) => await rig.neverPod(node, name);

describe("images of this machine", () => {
  it("come from an archive of docker save, all that it names", async () => {
    const run = await preload("--images-from", saved, first);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect(byNode(run).get(first)).toMatchObject({ image: name, result: "loaded" });
    expect(await startsAlone(first)).toMatch(/^docker /);
  });

  it("come from the local Docker engine, as the same image", async () => {
    const { digest } = byNode(await preload("--images-from", saved, first)).get(first) ?? {};
    const run = await preload("--images-from", "docker", name, second);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect(byNode(run).get(second)).toMatchObject({ image: name, result: "loaded", digest });
    const missing = await preload("--images-from", "docker", "local.invalid/none:1", second);
    expect(JSON.parse(missing.stdout)).toMatchObject({ kind: "Error", code: "PC711" });
  });

  it("come from an OCI archive that a containerd wrote, and from a folder of it, by their digest", async () => {
    const { digest } = byNode(await preload("--images-from", saved, first)).get(first) ?? {};
    const archive = join(rig.user.home, "exported.tar");
    const container = bed.nodes.find((node) => node.name === first)?.container ?? "";
    const script = `${ctr} images export - ${name}`;
    await writeFile(archive, await exec("docker", ["exec", container, "sh", "-c", script]));
    await sh(second, `${ctr} images rm --sync $(${ctr} images ls -q | grep ${rig.repository})`);
    const fromArchive = byNode(await preload("--images-from", archive, second)).get(second);
    expect(fromArchive).toMatchObject({ image: name, result: "loaded", digest });
    const folder = join(rig.user.home, "layout");
    await mkdir(folder);
    await exec("tar", ["-xf", archive, "-C", folder]);
    const fromFolder = byNode(await preload("--images-from", folder, name, second)).get(second);
    expect(fromFolder).toMatchObject({ image: name, result: "present", digest });
  });

  it("that can't be read end the run before any node is logged in to", async () => {
    const file = join(rig.user.home, "no-archive");
    await writeFile(file, "hello");
    for (const [path, code] of [
      [file, "PC717"],
      [join(rig.user.home, "nowhere"), "PC717"],
    ]) {
      const run = await preload("--images-from", path ?? "", first);
      expect(JSON.parse(run.stdout)).toMatchObject({ kind: "Error", code });
    }
    const other = await preload("--images-from", saved, "local.invalid/other:1", first);
    const { code, message } = JSON.parse(other.stdout) as { code: string; message: string };
    expect(code).toBe("PC711");
    expect(message).toContain(name);
  });
});
