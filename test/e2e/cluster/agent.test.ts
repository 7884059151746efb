import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../rig/until.ts";
import { type CliRun, type CliUser, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile, writeNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { followWatch } from "./follow-watch.ts";
import { AGENT_IMAGE, loadAgentImage, sbomOf } from "./project-image.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const [first = "", second = ""] = names;
const { ca, images } = bed.registry;
const image = images.find((one) => one.shell && !one.public)?.ref ?? "";
const FOREIGN = '{"auths":{"others.example":{"auth":"b3RoZXI6c2VjcmV0"}}}';
const NAMESPACE = "pullcast-system";
/** The controller's own rights are to be enough to read it. */
const SOURCE = "default/agent-source";
/** Where the bed's pods have their network. */
const BRIDGE = "cni0";

let user: CliUser;
let config: string;
let bytes: number;

const cluster = [...bed.flags.cluster, "-o", "json"];
const install = (...more: string[]) =>
  user.run([
    ...["agent", "install", ...cluster, "--image", AGENT_IMAGE, "--config", config],
    ...["--timeout", "60s", "--poll", "5", ...more],
  ]);
const uninstall = (...more: string[]) =>
  user.run(["agent", "uninstall", ...cluster, "--timeout", "60s", ...more]);
const get = async (...args: string[]) => (await bed.run(["get", ...args])).stdout;
const secrets = async () =>
  (await get("secrets", "-n", NAMESPACE, "-o", "jsonpath={.items[*].metadata.name}"))
    .split(" ")
    .filter(Boolean);
interface Stand {
  readonly revision?: string;
  readonly items: readonly { node: string; state: string; code?: string; message?: string }[];
}
const stand = (run: CliRun) => {
  try {
    return JSON.parse(run.stdout) as Stand;
  } catch (cause) {
    throw new Error(`code ${run.code}: ${run.stderr}`, { cause });
  }
};
const states = (run: CliRun) => stand(run).items.map(({ state }) => state);
async function sh(where: string, script: string): Promise<string> {
  const run = await bed.exec(where, ["sh", "-c", script]);
  if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
  return run.stdout.trim();
}

/** The credentials as they stand now, as a Secret. */
async function putSource(): Promise<void> {
  const [namespace = "", name = ""] = SOURCE.split("/");
  const file = `--from-file=.dockerconfigjson=${config}`;
  const made = await bed.run([
    ...["create", "secret", "generic", name, "-n", namespace, file],
    ...["--type=kubernetes.io/dockerconfigjson", "--dry-run=client", "-o", "json"],
  ]);
  await bed.run(["apply", "--server-side", "--force-conflicts", "-f", "-"], made.stdout);
}

async function addEntry(key: string): Promise<void> {
  const auth = Buffer.from("robot:pass").toString("base64");
  const { auths } = JSON.parse(await readFile(config, "utf8")) as { auths: object };
  await writeFile(config, JSON.stringify({ auths: { ...auths, [key]: { auth } } }));
}

beforeAll(async () => {
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, await readFile(bed.dockerConfig), { mode: 0o600 });
  for (const name of names) await sh(name, `rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast`);
  bytes = await loadAgentImage(bed);
}, 600_000);
afterAll(async () => {
  await bed.run(["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false"]);
  const label = ["-l", "app.kubernetes.io/name=pullcast-controller"];
  await bed.run(["delete", "role,rolebinding", "-n", "default", ...label]);
  await bed.run(["delete", "clusterrole,clusterrolebinding", ...label]);
  await bed.run(["delete", "secret", "agent-source", "--ignore-not-found"]);
  await user.remove();
});

describe("the agent", () => {
  it("is installed wave by wave, keeps the file on all nodes, and each pulls", async () => {
    expect(bytes).toBeLessThan(6 * 1024 * 1024);
    const packages = (await sbomOf(AGENT_IMAGE)).packages.map(({ name }) => name);
    expect(packages).toEqual(["pullcast-agent", "busybox", "glibc"]);
    const run = await install("--waves", "1,100%");
    expect(states(run), run.stdout + run.stderr).toEqual(["ready", "ready", "ready"]);
    expect(run.code).toBe(0);
    const rollout = ["rollout", "status", "daemonset/pullcast", "-n", NAMESPACE, "--timeout=10s"];
    expect((await bed.run(rollout)).stdout).toContain("successfully rolled out");
    const labels = await get("nodes", "-o", "jsonpath={.items[*].metadata.labels}");
    expect(labels).not.toContain("agent-wait");
    for (const name of names) expect((await readNodeFile(bed, name))?.mode).toBe("600 root:root");
    // A kubelet that read the directory while nothing was there keeps to it for 20 s.
    const verify = () =>
      user.run(["verify", ...bed.flags.cluster, "--image", image, "--ca", ca, "-o", "json"]);
    await until(async () =>
      Object.values(results(await verify())).every((result) => result === "pulled"),
    );
    expect(run.stdout + run.stderr).not.toContain(bed.registry.password);
  });

  it("makes no new revision of the same credentials, and a rollout of others, which undo takes back", async () => {
    const [before = ""] = await secrets();
    expect(stand(await install()).revision).toBe(before);
    expect(await secrets()).toEqual([before]);
    await addEntry("other.example");
    const { revision = "" } = stand(await install());
    expect(revision).not.toBe(before);
    expect((await readNodeFile(bed, first))?.content).toContain("other.example");
    expect(await secrets()).toEqual([before, revision]);
    await bed.run(["rollout", "undo", "daemonset/pullcast", "-n", NAMESPACE]);
    const rollout = ["rollout", "status", "daemonset/pullcast", "-n", NAMESPACE, "--timeout=60s"];
    await bed.run(rollout);
    for (const name of names) {
      expect((await readNodeFile(bed, name))?.content).not.toContain("other.example");
    }
    const told = stand(await user.run(["agent", "status", ...cluster]));
    expect(told.revision).toBe(before);
    expect(states(await install())).toEqual(["ready", "ready", "ready"]);
  });

  it("puts a file back that was removed or opened to others, without a restart", async () => {
    await sh(first, `rm ${KUBELET_CONFIG}`);
    await until(async () => (await readNodeFile(bed, first)) !== undefined);
    await sh(first, `chmod 644 ${KUBELET_CONFIG}`);
    await until(async () => (await readNodeFile(bed, first))?.mode === "600 root:root");
    const { items } = stand(await user.run(["agent", "status", ...cluster]));
    expect(items.every((item) => !("restarts" in item))).toBe(true);
  });

  it("needs no token and no network: where nothing gets in or out it keeps the file, and rolls out", async () => {
    const pods = JSON.parse(
      await get(
        "pods",
        "-n",
        NAMESPACE,
        "-l",
        "app.kubernetes.io/name=pullcast-agent",
        "-o",
        "json",
      ),
    ) as { items: { spec: { volumes: object[]; hostNetwork?: boolean } }[] };
    for (const { spec } of pods.items) {
      expect(spec.volumes.flatMap(Object.keys)).not.toContain("projected");
      expect(spec.hostNetwork).toBeUndefined();
    }
    // The bed's network enforces no policy: its node does what one that denies all would do.
    const rules = ["INPUT -i", "OUTPUT -o", "FORWARD -i", "FORWARD -o"];
    await sh(first, rules.map((rule) => `iptables -I ${rule} ${BRIDGE} -j DROP`).join(" && "));
    try {
      await sh(first, `rm ${KUBELET_CONFIG}`);
      await until(async () => (await readNodeFile(bed, first)) !== undefined);
      await addEntry("denied.example");
      expect(states(await install())).toEqual(["ready", "ready", "ready"]);
      expect((await readNodeFile(bed, first))?.content).toContain("denied.example");
    } finally {
      await sh(first, rules.map((rule) => `iptables -D ${rule} ${BRIDGE} -j DROP`).join(" && "));
    }
  });

  it("never merges: a file of others makes its node not ready, and is named", async () => {
    await writeNodeFile(bed, { node: second, path: KUBELET_CONFIG, content: FOREIGN });
    await until(async () => {
      const run = await user.run(["agent", "status", ...cluster]);
      const item = stand(run).items.find(({ node }) => node === second);
      return item?.state === "not-ready" && item.code === "PC301" && run.code === 5;
    });
    expect((await readNodeFile(bed, second))?.content).toBe(FOREIGN);
    const { items } = stand(await user.run(["agent", "status", ...cluster]));
    const said = items.find(({ node }) => node === second)?.message;
    expect(said).toContain(KUBELET_CONFIG);
    const replaced = await install("--replace");
    expect(states(replaced), replaced.stdout + replaced.stderr).toEqual([
      "ready",
      "ready",
      "ready",
    ]);
  });

  it("is kept fresh by a watch with the controller's rights alone: a changed source is a rollout", async () => {
    const rendered = await user.run([
      ...["render", "controller", "--image", "unused.example/cli", "--from-secret", SOURCE],
    ]);
    await bed.run(["apply", "-f", "-"], rendered.stdout);
    await putSource();
    const watch = followWatch(
      user,
      ["watch"],
      [
        ...[...bed.flags.cluster, "--deliver", "secret", "--from-secret", SOURCE],
        ...["--reload", "200ms", "--as", `system:serviceaccount:${NAMESPACE}:pullcast-controller`],
      ],
    );
    try {
      await watch.next("cluster-listed");
      await addEntry("third.example");
      await putSource();
      const { revision } = await watch.next("revision");
      for (const name of names) {
        await until(
          async () => (await readNodeFile(bed, name))?.content.includes("third.example") === true,
        );
      }
      expect((await secrets()).at(-1)).toBe(revision);
      expect(await secrets()).toHaveLength(2);
      const told = await get(
        ...["events", "-n", NAMESPACE, "--field-selector", "reason=NewRevision"],
        ...["-o", "jsonpath={.items[*].message}"],
      );
      expect(told).toContain(revision);
    } finally {
      const ended = await watch.stop();
      expect(ended.code).toBe(0);
      expect(ended.stdout + ended.stderr).not.toContain(bed.registry.password);
    }
  });

  it("leaves nodes as they were", async () => {
    const run = await uninstall();
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect((await readNodeFile(bed, second))?.content).toBe(FOREIGN);
    for (const name of [first, names[2] ?? ""]) {
      expect(await readNodeFile(bed, name)).toBeUndefined();
      expect(await sh(name, "ls -A /var/lib/kubelet/.pullcast 2>/dev/null | wc -l")).toBe("0");
    }
    expect(await secrets()).toEqual([]);
    expect(await get("daemonset", "-n", NAMESPACE, "-o", "name")).toBe("");
    const again = await uninstall();
    expect(JSON.parse(again.stdout)).toMatchObject({ kind: "Error", code: "PC184" });
    await sh(second, `rm -f ${KUBELET_CONFIG}`);
  });
});
