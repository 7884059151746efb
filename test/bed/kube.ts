import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { GO_SOURCE, goBuild, goEnv } from "./go.ts";
import { findProgram } from "./host-tools.ts";
import { BedError, type Kubelet, type Progress } from "./model.ts";
import { run, withHeartbeat } from "./progress.ts";
import { cacheRoot, withLock } from "./state.ts";

/** The newest line that runs on containerd 1.6 and on cgroup v1. */
export const KUBE_VERSION = "v1.35.4";

const RECIPE = ["go.mod", "go.sum", "main.go", "kubectl/main.go", "kubelet/main.go"] as const;
/** What the programs say of themselves. */
const VERSION = `-X k8s.io/component-base/version.gitVersion=${KUBE_VERSION} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35`;
const MODULE = "k8s.io/kubernetes";
const CACHE_FILE = "pkg/credentialprovider/provider.go";
const CACHE_TIME = "Lifetime: 5 * time.Minute,";
const FAST_CACHE_TIME = "Lifetime: 20 * time.Second,";

/** Programs of Kubernetes, statically linked. */
export interface KubePrograms {
  /** All components that serve; the program's own name or its first argument chooses. */
  readonly kube: string;
  readonly kubectl: string;
}

/** Gives the programs, building them if this recipe has not been built on this machine: minutes, once. */
export async function ensureKube(report: Progress): Promise<KubePrograms> {
  const dir = join(cacheRoot(), `kube-${KUBE_VERSION}-${await recipeDigest()}`);
  const kube = join(dir, "kube");
  const kubectl = join(dir, "kubectl");
  await withLock("kube", async () => {
    if ((await findProgram("kubectl", dir)) !== undefined) return;
    const what = `building Kubernetes ${KUBE_VERSION} from Go modules (once; about 6 minutes on 2 cores)`;
    await withHeartbeat(what, report, async () => {
      await goBuild({ from: ".", target: kube, linkerFlags: VERSION });
      await goBuild({ from: "./kubectl", target: kubectl, linkerFlags: VERSION });
    });
  });
  return { kube, kubectl };
}

/** Gives the path of a kubelet, building it if need be. */
export async function ensureKubelet(kind: Kubelet, report: Progress): Promise<string> {
  const { kube } = await ensureKube(report);
  if (kind === "kubelet") return kube;
  const digest = await recipeDigest(CACHE_TIME, FAST_CACHE_TIME);
  const dir = join(cacheRoot(), `kubelet-fastcache-${KUBE_VERSION}-${digest}`);
  const path = join(dir, "kubelet-fastcache");
  await withLock("kubelet-fastcache", async () => {
    if ((await findProgram(basename(path), dir)) !== undefined) return;
    const what =
      "building a kubelet that forgets registry credentials after 20 s (once; about 2 minutes)";
    await withHeartbeat(what, report, () => buildFastCache(path));
  });
  return path;
}

async function recipeDigest(...more: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(KUBE_VERSION).update(more.join("\0"));
  for (const file of RECIPE) hash.update(await readFile(join(GO_SOURCE, file)));
  return hash.digest("hex").slice(0, 12);
}

/** The kubelet with one constant changed, by an overlay: the module cache stays as it is. */
async function buildFastCache(target: string): Promise<void> {
  const list = ["go", "list", "-m", "-f", "{{.Dir}}", MODULE] as const;
  const module = (await run(list, { cwd: GO_SOURCE, env: goEnv() })).trim();
  const text = await readFile(join(module, CACHE_FILE), "utf8");
  if (text.split(CACHE_TIME).length !== 2) {
    throw new BedError(
      `${CACHE_FILE} has not "${CACHE_TIME}" exactly once: the recipe needs a change`,
    );
  }
  const scratch = await mkdtemp(join(cacheRoot(), "overlay-"));
  const path = (file: string) => join(scratch, file);
  try {
    // Go lets no overlay replace a file of the module cache, so the module gets another name for the build.
    await symlink(module, path("kubernetes"));
    const original = join(path("kubernetes"), CACHE_FILE);
    await writeFile(path("provider.go"), text.replace(CACHE_TIME, FAST_CACHE_TIME));
    await writeFile(
      path("overlay.json"),
      JSON.stringify({ Replace: { [original]: path("provider.go") } }),
    );
    const modules = await readFile(join(GO_SOURCE, "go.mod"), "utf8");
    await writeFile(path("go.mod"), `${modules}\nreplace ${MODULE} => ${path("kubernetes")}\n`);
    await copyFile(join(GO_SOURCE, "go.sum"), path("go.sum"));
    const flags = [`-modfile=${path("go.mod")}`, "-overlay", path("overlay.json")];
    await goBuild({ from: "./kubelet", target, flags, linkerFlags: VERSION });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
