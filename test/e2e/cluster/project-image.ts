import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Bed } from "../../bed/index.ts";
import { buildImage } from "../build-image.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MAX_BYTES = 1024 * 1024 * 1024;
/** No registry has these: nodes that don't get them from here can't pull them. */
export const AGENT_IMAGE = "pullcast.invalid/agent:test";
export const CLI_IMAGE = "pullcast.invalid/cli:test";

/** Builds the agent's image by the project's Dockerfile and loads it into the nodes; gives its size in bytes. */
export async function loadAgentImage(bed: Bed): Promise<number> {
  await buildImage(ROOT, AGENT_IMAGE, "agent");
  return await load(bed, AGENT_IMAGE);
}

/** What the Dockerfile copies, and nothing else. */
const PARTS = ["agent", "cli", "scripts", "package.json", "package-lock.json", "Dockerfile"];

/** The same for the command line's, with the bed's kubectl in it: minutes. */
export async function loadCliImage(bed: Bed): Promise<number> {
  const context = await mkdtemp(join(tmpdir(), "pullcast-context-"));
  try {
    for (const part of PARTS) await cp(join(ROOT, part), join(context, part), { recursive: true });
    await copyFile(bed.kubectl ?? "", join(context, "kubectl"));
    const ca = process.env["NODE_EXTRA_CA_CERTS"];
    if (ca) await copyFile(ca, join(context, "proxy-ca.crt"));
    await buildImage(context, CLI_IMAGE, "cli");
    return await load(bed, CLI_IMAGE);
  } finally {
    await rm(context, { recursive: true });
  }
}

/** What an image says that it is made of. */
export async function sbomOf(tag: string): Promise<{
  readonly packages: readonly { readonly name: string; readonly versionInfo: string }[];
}> {
  const cat = ["run", "--rm", "--entrypoint", "/bin/cat", tag, "/sbom.spdx.json"];
  return JSON.parse((await run("docker", cat)).stdout) as Awaited<ReturnType<typeof sbomOf>>;
}

async function load(bed: Bed, tag: string): Promise<number> {
  const { stdout: size } = await run("docker", ["inspect", "-f", "{{.Size}}", tag]);
  const { stdout: archive } = await run("docker", ["save", tag], {
    encoding: "buffer",
    maxBuffer: MAX_BYTES,
  });
  for (const { name } of bed.nodes) {
    const command = ["ctr", "--namespace", "k8s.io", "images", "import", "-"];
    const imported = await bed.exec(name, command, { input: archive });
    if (imported.code !== 0) throw new Error(`${name}: ${imported.stderr}`);
  }
  return Number(size);
}
