import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import {
  CASES,
  CHART,
  chartDigest,
  RENDERED,
  type Rendered,
  WRONG,
} from "../agent/deploy/chart-cases.ts";
import { ensureHelm, HELM_VERSION } from "../bed/helm.ts";
import { type Bed, runKubectl, upBed } from "../bed/index.ts";
import { KUBE_VERSION } from "../bed/kube.ts";
import { run } from "../bed/progress.ts";
import { type CliUser, newCliUser, results } from "../e2e/cli.ts";
import {
  AGENT_IMAGE,
  CLI_IMAGE,
  loadAgentImage,
  loadCliImage,
} from "../e2e/cluster/project-image.ts";
import { passwordIssuer } from "./password-issuer.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

const NAMESPACE = "pullcast-system";
const RELEASE = "pullcast";
const SOURCE = "ops/registry";
const FILE = "/var/lib/kubelet/config.json";
/** How long a password lasts. */
const LIFE_MS = 10 * 60_000;
/** Who keeps the source's Secret fresh renews it at half of a password's life. */
const RENEW_MS = LIFE_MS / 2;

type Say = (line: string) => void;

/**
 * The chart by a real helm: what comes of its values (kept beside the unit tests, which compare it with what pullcast
 * renders), values that the schema refuses, and an install on real kubelets with the controller as a real pod. Then a
 * registry whose passwords last 10 minutes: for so many minutes (`points`; none: the rest alone) all nodes pull again and again, while the
 * controller rolls out each new one and is killed on the way.
 */
export async function helmChart({
  points,
  onProgress = () => undefined,
}: SoakOptions): Promise<Evidence> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-helm-"));
  const made = await renderedByHelm(dir, onProgress);
  if (points === 0) return made;
  const bed = await upBed({ name: `helm-${process.pid}`, nodes: 3, cluster: true, onProgress });
  const user = await newCliUser();
  try {
    const call = await helmIn(dir, onProgress);
    onProgress("building the images");
    await loadAgentImage(bed);
    const cliImageBytes = await loadCliImage(bed);
    const scene = { bed, user, dir, call };
    return {
      ...made,
      cliImageMb: Math.round(cliImageBytes / 1e6),
      passwords: await shortPasswords(scene, points, onProgress),
    };
  } finally {
    await user.remove();
    await bed.down();
    await rm(dir, { recursive: true });
  }
}

type Helm = (...args: string[]) => Promise<string>;

async function helmIn(dir: string, say: Say): Promise<Helm> {
  const helm = await ensureHelm(say);
  return (...args) => run([helm, ...args], { env: { HELM_CACHE_HOME: dir } });
}

async function renderedByHelm(dir: string, say: Say): Promise<Evidence> {
  const call = await helmIn(dir, say);
  const rendered = await renderCases(call, dir);
  await writeFile(RENDERED, `${JSON.stringify(rendered, null, 2)}\n`);
  const refused = await refusals(call, dir);
  return {
    helm: HELM_VERSION,
    cases: CASES.length,
    refused: `${refused} of ${Object.keys(WRONG).length}`,
  };
}

async function renderCases(helm: Helm, dir: string): Promise<Rendered> {
  const cases: Record<string, readonly object[]> = {};
  for (const { name, release, namespace, values } of CASES) {
    const file = join(dir, "values.json");
    await writeFile(file, JSON.stringify(values));
    await helm("lint", CHART, "-f", file, "--strict", "--kube-version", KUBE_VERSION);
    const text = await helm(
      ...["template", release, CHART, "-n", namespace, "-f", file, "--kube-version", KUBE_VERSION],
    );
    cases[name] = parseAllDocuments(text).flatMap((one) => {
      const object: unknown = one.toJS();
      return object === null ? [] : [object as object];
    });
  }
  return { helm: HELM_VERSION, digest: chartDigest(), cases };
}

async function refusals(helm: Helm, dir: string): Promise<number> {
  let refused = 0;
  for (const values of Object.values(WRONG)) {
    const file = join(dir, "wrong.json");
    await writeFile(file, JSON.stringify(values));
    const args = ["template", "x", CHART, "-f", file, "--kube-version", KUBE_VERSION];
    const words = await helm(...args).catch((error: unknown) => String(error));
    refused += Number(words.includes("don't meet the specifications of the schema"));
  }
  return refused;
}

interface Scene {
  readonly bed: Bed;
  readonly user: CliUser;
  readonly dir: string;
  readonly call: Helm;
}

async function shortPasswords(scene: Scene, minutes: number, say: Say): Promise<Evidence> {
  const { bed, user } = scene;
  const { kubeconfig = "", kubectl = "", registry, ssh } = bed;
  const cluster = ["--kubeconfig", kubeconfig, "--kubectl", kubectl];
  const login = ["-i", ssh.key, "--known-hosts", ssh.knownHosts];
  const image = registry?.images.find((one) => one.shell && !one.public)?.ref ?? "";
  const issuer = passwordIssuer(bed, LIFE_MS);
  const renew = async () => {
    const { username, password } = await issuer.issue();
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    return await putSource(scene, { [registry?.host ?? ""]: { auth } });
  };
  await kubectlOf(bed, "create", "namespace", "ops");
  const config = await renew();
  const failures: unknown[] = [];
  const renewing = setInterval(() => {
    renew().catch((error: unknown) => failures.push(error));
  }, RENEW_MS);
  const pull = () =>
    user.run([
      ...["verify", ...cluster, "--image", image, "--ca", registry?.ca ?? ""],
      ...["--assume-private", "--timeout", "20s", "-o", "json"],
    ]);
  try {
    // Live mode: the kubelet asks at each pull, where a file's old password would stand for 5 minutes.
    const live = ["push", ...cluster, ...login, "--config", config, "--delivery", "provider"];
    const pushed = await user.run(live);
    if (pushed.code !== 0) throw new Error(pushed.stderr);
    say("installing the chart");
    const seconds = await install(scene);
    const upgraded = await upgradeKeepsRevision(scene);
    const counts = { pulls: 0, refused: 0, controllersKilled: 0 };
    const kinds = new Set<string>();
    const rss: number[] = [];
    const began = Date.now();
    const end = began + minutes * 60_000;
    while (Date.now() < end) {
      const found = results(await pull());
      for (const result of Object.values(found)) {
        counts.pulls += 1;
        if (result === "pulled") continue;
        counts.refused += 1;
        kinds.add(String(result));
      }
      const due = Math.floor(((Date.now() - began) / (end - began)) * KILLS);
      if (due > counts.controllersKilled && due < KILLS) {
        await kubectlOf(bed, ...["delete", "pod", "-n", NAMESPACE, ...CONTROLLER, "--force"]);
        counts.controllersKilled += 1;
      }
      rss.push(await controllerMb(bed));
      say(`${counts.pulls} pulls, ${counts.refused} refused, ${issuer.issued()} passwords`);
      await delay(5000);
    }
    const [lease = ""] = [
      await kubectlOf(
        ...[bed, "get", "lease", "-n", NAMESPACE, `${RELEASE}-controller`],
        ...["-o", "jsonpath={.spec.leaseTransitions}"],
      ),
    ];
    if (failures.length > 0) throw failures[0];
    return {
      minutes,
      lifeSeconds: LIFE_MS / 1000,
      passwords: issuer.issued(),
      ...counts,
      kindsRefused: [...kinds],
      leaseTransitions: Number(lease),
      installSeconds: seconds,
      upgradeKeepsRevision: upgraded ? "yes" : "no",
      controllerRssMb: { median: rss.sort((a, b) => a - b)[rss.length >> 1], worst: rss.at(-1) },
      uninstall: await uninstall(scene),
    };
  } finally {
    clearInterval(renewing);
    await issuer.close();
  }
}

const KILLS = 4;
const CONTROLLER = ["-l", "app.kubernetes.io/name=pullcast-controller"];

async function kubectlOf(bed: Bed, ...args: string[]): Promise<string> {
  return await runKubectl(bed, args);
}

/** Writes the source's Secret; gives the path of the same as a file. */
async function putSource({ bed, dir }: Scene, auths: object): Promise<string> {
  const [namespace = "", name = ""] = SOURCE.split("/");
  const file = join(dir, "source.json");
  const text = JSON.stringify({ auths });
  await writeFile(file, text, { mode: 0o600 });
  const secret = {
    ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace, name } },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": Buffer.from(text).toString("base64") },
  };
  const apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
  await runKubectl(bed, apply, JSON.stringify(secret));
  return file;
}

/** The bed has no kube-proxy: nodes lead the API's service address to the API server themselves. */
async function leadToApi(bed: Bed): Promise<void> {
  const server = new URL(await kubectlOf(bed, ...CONFIG_SERVER)).host;
  const rule = `-t nat -d 10.96.0.1 -p tcp --dport 443 -j DNAT --to-destination ${server}`;
  for (const { name } of bed.nodes) {
    const script = `iptables -A PREROUTING ${rule} && iptables -A OUTPUT ${rule}`;
    const set = await bed.exec(name, ["sh", "-c", script]);
    if (set.code !== 0) throw new Error(set.stderr);
  }
}

const CONFIG_SERVER = ["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"];

/** From helm's start until every node has the file; seconds. */
async function install({ bed, call, dir }: Scene): Promise<number> {
  const values = join(dir, "values.json");
  await writeFile(
    values,
    JSON.stringify({
      agent: { image: AGENT_IMAGE, target: "provider", pollSeconds: 5, maxUnavailable: "100%" },
      controller: { image: CLI_IMAGE, fromSecrets: [SOURCE] },
    }),
  );
  await leadToApi(bed);
  await kubectlOf(bed, "create", "namespace", NAMESPACE);
  const privileged = "pod-security.kubernetes.io/enforce=privileged";
  await kubectlOf(bed, "label", "namespace", NAMESPACE, privileged);
  const began = performance.now();
  const place = ["-n", NAMESPACE, "--kubeconfig", bed.kubeconfig ?? "", "-f", values];
  await call("install", RELEASE, CHART, ...place);
  const end = Date.now() + 180_000;
  // Pods of the chart wait for the controller's first revision.
  while ((await revision(bed)).endsWith("-pending")) {
    if (Date.now() > end) throw new Error("no revision came in 3 minutes");
    await delay(500);
  }
  const rollout = ["rollout", "status", `daemonset/${RELEASE}`, "-n", NAMESPACE, "--timeout=120s"];
  await kubectlOf(bed, ...rollout);
  return Math.round((performance.now() - began) / 1000);
}

async function revision(bed: Bed): Promise<string> {
  const path = "{.spec.template.metadata.annotations.pullcast\\.dev/revision}";
  return await kubectlOf(
    ...[bed, "get", "daemonset", RELEASE, "-n", NAMESPACE, "-o", `jsonpath=${path}`],
  );
}

async function upgradeKeepsRevision({ bed, call }: Scene): Promise<boolean> {
  const before = await revision(bed);
  const place = ["-n", NAMESPACE, "--kubeconfig", bed.kubeconfig ?? "", "--reuse-values"];
  await call("upgrade", RELEASE, CHART, ...place, "--set", "agent.pollSeconds=6");
  const rollout = ["rollout", "status", `daemonset/${RELEASE}`, "-n", NAMESPACE, "--timeout=120s"];
  await kubectlOf(bed, ...rollout);
  return (await revision(bed)) === before;
}

/** Of the controller's process on whichever node it is, MB; 0 while there is none. */
async function controllerMb(bed: Bed): Promise<number> {
  const script =
    "for dir in /proc/[0-9]*; do if tr '\\0' ' ' <$dir/cmdline 2>/dev/null | grep -q 'pullcast watch --deliver'; then sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\).*/\\1/p' $dir/status; fi; done";
  const found = await Promise.all(
    bed.nodes.map(async ({ name }) => (await bed.exec(name, ["sh", "-c", script])).stdout),
  );
  return Math.round(Math.max(0, ...found.join("\n").split("\n").map(Number)) / 1024);
}

/** As the chart's notes say: the files first, then the release. */
async function uninstall({ bed, user, call }: Scene): Promise<string> {
  const { kubeconfig = "", kubectl = "" } = bed;
  const cluster = ["--kubeconfig", kubeconfig, "--kubectl", kubectl];
  const scale = ["scale", "deployment", `${RELEASE}-controller`, "-n", NAMESPACE, "--replicas=0"];
  await kubectlOf(bed, ...scale);
  const gone = await user.run(["agent", "uninstall", ...cluster, "-o", "json"]);
  if (gone.code !== 0) return `agent uninstall ended with ${gone.code}: ${gone.stderr}`;
  await call("uninstall", RELEASE, "-n", NAMESPACE, "--kubeconfig", kubeconfig);
  // Pods go after the objects that made them.
  const end = Date.now() + 60_000;
  const objects = async () =>
    (await kubectlOf(bed, "get", "all", "-n", NAMESPACE, "-o", "name")).split("\n").filter(Boolean);
  while ((await objects()).length > 0 && Date.now() < end) await delay(500);
  const left = await Promise.all(bed.nodes.map(({ name }) => bed.exec(name, ["test", "-e", FILE])));
  const files = left.filter(({ code }) => code === 0).length;
  return `files left: ${files}, objects left: ${(await objects()).length}`;
}
