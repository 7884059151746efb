import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile, writeNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const every = (result: string) => Object.fromEntries(names.map((name) => [name, result]));

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
});
afterAll(() => user.remove());

const { cluster, ssh: login } = bed.flags;
const push = (...more: string[]) =>
  user.run(["push", ...cluster, ...login, "--config", bed.dockerConfig, "-o", "json", ...more]);
const remove = (...more: string[]) =>
  user.run(["remove", ...cluster, ...login, "-o", "json", ...more]);
const restore = (...more: string[]) =>
  user.run(["restore", ...cluster, ...login, "-o", "json", ...more]);
const verify = (image: string, ...more: string[]) =>
  user.run([
    "verify",
    ...cluster,
    "--image",
    image,
    "--ca",
    bed.registry.ca,
    "-o",
    "json",
    ...more,
  ]);

const restartKubelets = () =>
  Promise.all(names.map((name) => bed.exec(name, ["systemctl", "restart", "kubelet"])));

/** All that a verify may leave. */
const TEST_PODS = [
  ...["get", "pods", "--all-namespaces", "--output=name"],
  "--selector=app.kubernetes.io/managed-by=pullcast",
];
const testPods = async () => (await bed.run(TEST_PODS)).stdout;

/** The `kubectl proxy` processes that a command has started. */
async function proxiesOf(pid: number | undefined): Promise<string[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const pids = children.trim().split(" ");
  const lines = pids.map((child) => readFile(`/proc/${child}/cmdline`, "utf8").catch(() => ""));
  const isProxy = (await Promise.all(lines)).map((line) => line.includes("\0proxy\0"));
  return pids.filter((_, index) => isProxy[index]);
}

const imageWith = (wanted: { shell: boolean; public: boolean }) => {
  const found = bed.registry.images.find(
    (image) => image.shell === wanted.shell && image.public === wanted.public,
  );
  if (found === undefined) throw new Error("the bed lacks an image");
  return found.ref;
};
const privateImage = imageWith({ shell: true, public: false });

/** Each test goes on from where the one before it left the cluster. */
describe("from no credentials to a proof", () => {
  it("denies every node before a push, and exits 5", async () => {
    const run = await verify(privateImage);
    expect(results(run), run.stderr).toEqual(every("denied"));
    expect(run.code).toBe(5);
    expect(items(run)[0]?.message).toMatch(/401|unauthorized/i);
  });

  it("pushes to every node, says where and by when it is in force", async () => {
    const run = await push();
    expect(results(run), run.stderr).toEqual(every("updated"));
    expect(run.code).toBe(0);
    for (const item of items(run)) {
      expect(item.path).toBe(KUBELET_CONFIG);
      expect(Date.parse(item.effectiveBy ?? "")).toBeGreaterThan(Date.now());
    }
    const file = await readNodeFile(bed, names[0] ?? "");
    expect(file?.mode).toBe("600 root:root");
    expect(file?.content).toContain(bed.registry.host);
  });

  it("waits for kubelets that had cached nothing seconds before, then finds every node pulls", async () => {
    for (let round = 1; ; round += 1) {
      const run = await verify(privateImage);
      expect(results(run), run.stderr).toEqual(every("pulled"));
      expect(run.code).toBe(0);
      expect(items(run).map(({ ran }) => ran)).toEqual(names.map(() => "SUCCESS"));
      const waited = items(run).some(({ attempts = 0 }) => attempts > 1);
      expect(run.stderr.includes("not yet:")).toBe(waited);
      if (waited) return;
      // On a busy machine the 20 seconds may be over before the first pull: then once more.
      expect(round, run.stderr).toBeLessThan(4);
      await restore();
      await restartKubelets();
      await verify(privateImage, "--timeout", "1s");
      await push();
    }
  });

  it("writes nothing when it is all there: same inode, same mtime", async () => {
    const before = await Promise.all(names.map((name) => readNodeFile(bed, name)));
    const run = await push();
    expect(results(run), run.stderr).toEqual(every("unchanged"));
    expect(run.code).toBe(0);
    expect(await Promise.all(names.map((name) => readNodeFile(bed, name)))).toEqual(before);
  });

  it("counts an image without a shell as pulled", async () => {
    const run = await verify(imageWith({ shell: false, public: false }));
    expect(results(run), run.stderr).toEqual(every("pulled"));
    expect(items(run)[0]?.ran).toBe("no shell");
    expect(run.code).toBe(0);
  });

  it("calls an image that strangers may pull public, which proves nothing", async () => {
    const run = await verify(imageWith({ shell: true, public: true }));
    expect(results(run), run.stderr).toEqual(every("public"));
    expect(run.code).toBe(5);
  });

  it("proves by an image that can't exist, so that nothing moves", async () => {
    const run = await verify(privateImage, "--proof", "auth");
    expect(results(run), run.stderr).toEqual(every("pulled"));
    expect(items(run)[0]?.ran).toBe("-");
  });

  it("proves nothing where this machine can't ask as a stranger, until the user vouches for it", async () => {
    const blind = ["verify", ...cluster, "--image", privateImage, "-o", "json", names[0] ?? ""];
    const run = await user.run(blind);
    expect(items(run)[0], run.stderr).toMatchObject({ result: "unproven", code: "PC472" });
    expect(run.code).toBe(5);
    const vouched = await user.run([...blind, "--assume-private"]);
    expect(items(vouched)[0], vouched.stderr).toMatchObject({ result: "pulled" });
    expect(vouched.code).toBe(0);
  });

  it("tells a missing image from a denied one", async () => {
    const run = await verify(`${bed.registry.host}/no/such:1`, names[0] ?? "");
    expect(items(run)[0]?.result, run.stderr).toMatch(/^(not-found|denied-or-missing)$/);
    expect(run.code).toBe(5);
  });

  it("leaves no test pod behind", async () => {
    expect(await testPods()).toBe("");
  });

  it("restores what was there before pullcast: nothing", async () => {
    const run = await restore();
    expect(results(run), run.stderr).toEqual(every("removed"));
    expect(await readNodeFile(bed, names[0] ?? "")).toBeUndefined();
    const state = await bed.exec(names[0] ?? "", ["ls", "-A", "/var/lib/kubelet/.pullcast"]);
    expect(state.stdout).toBe("");
    const again = await restore();
    expect(results(again), again.stderr).toEqual(every("unchanged"));
    expect(again.code).toBe(0);
  });
});

describe("with --restart-kubelet", () => {
  it("is in force at once, one node after another, each back to Ready", async () => {
    // These kubelets may still have what was restored away; a refused pull then makes them remember that there is nothing.
    await restartKubelets();
    const denied = await verify(privateImage, "--timeout", "1s");
    expect(denied.code).toBe(5);
    const pushed = await push("--restart-kubelet");
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(items(pushed).every(({ restarted }) => restarted === true)).toBe(true);
    const run = await verify(privateImage);
    expect(results(run), run.stderr).toEqual(every("pulled"));
    expect(items(run).map(({ attempts }) => attempts)).toEqual(names.map(() => 1));
    const again = await push("--restart-kubelet");
    expect(results(again), again.stderr).toEqual(every("unchanged"));
    expect(items(again).map(({ restarted }) => restarted)).toEqual(names.map(() => undefined));
  });

  it("pushes and verifies in one go", async () => {
    const run = await push("--verify", "--image", privateImage, "--ca", bed.registry.ca);
    expect(run.code, run.stderr).toBe(0);
    const { kind, items: reports } = JSON.parse(run.stdout) as {
      kind: string;
      items: { kind: string }[];
    };
    expect(kind).toBe("List");
    expect(reports.map((report) => report.kind)).toEqual(["PushReport", "VerifyReport"]);
  });

  it("takes the credentials away, and proves that fresh pulls are denied", async () => {
    const proof = ["--verify", "--image", privateImage, "--ca", bed.registry.ca];
    const run = await remove("--restart-kubelet", ...proof);
    expect(run.code, run.stderr).toBe(0);
    const [removed, verified] = (
      JSON.parse(run.stdout) as {
        items: { items: { result: string; warnings?: { code: string; message: string }[] }[] }[];
      }
    ).items;
    expect(removed?.items.map(({ result }) => result)).toEqual(names.map(() => "removed"));
    expect(verified?.items.map(({ result }) => result)).toEqual(names.map(() => "revoked"));
    // They pulled it before: what stands there may still start.
    for (const { warnings } of removed?.items ?? []) {
      const images = warnings?.find(({ code }) => code === "PC372")?.message;
      expect(images).toContain(privateImage);
    }
  });

  it("says so where a push leaves nothing to verify", async () => {
    const proof = ["--verify", "--image", privateImage, "--ca", bed.registry.ca];
    const run = await push(...proof, "--ssh-port", "1", names[0] ?? "");
    expect(run.code, run.stderr).toBe(4);
    expect(run.stderr).toContain("PC540 the nodes were not verified: no node has the file");
  });

  it("stops at the first kubelet that does not come back, and leaves the others as they were", async () => {
    await restore();
    const run = await push("--restart-kubelet", "--kubelet-restart-command", "exit 7");
    expect(run.code, run.stderr).toBe(3);
    const rows = items(run);
    expect(rows.filter(({ result }) => result === "failed")).toHaveLength(1);
    expect(rows.filter(({ phase }) => phase === "restart")).toHaveLength(1);
    expect(rows.filter(({ result }) => result === "updated")).toHaveLength(names.length - 1);
    await restore();
  });
});

describe("what others wrote", () => {
  const node = names[0] ?? "";
  const foreign = '{"auths":{"other.example.com":{"auth":"dTpw"}}}';

  it("refuses to overwrite it, keeps it with --replace, brings it back whole", async () => {
    await writeNodeFile(bed, { node, path: KUBELET_CONFIG, content: foreign });
    const before = await readNodeFile(bed, node);

    const refused = await push(node);
    expect(items(refused)[0], refused.stderr).toMatchObject({ result: "failed", code: "PC301" });
    expect(refused.code).toBe(4);
    expect(await readNodeFile(bed, node)).toEqual(before);

    const replaced = await push(node, "--replace");
    expect(results(replaced), replaced.stderr).toEqual({ [node]: "updated" });

    const restored = await restore(node);
    expect(results(restored), restored.stderr).toEqual({ [node]: "restored" });
    expect(await readNodeFile(bed, node)).toEqual(before);
    await bed.exec(node, ["rm", KUBELET_CONFIG]);
  });

  it("refuses to hide a file that the kubelet uses elsewhere, until told to", async () => {
    const path = "/.docker/config.json";
    await writeNodeFile(bed, { node, path, content: foreign });
    const before = await readNodeFile(bed, node, path);

    const refused = await push(node);
    expect(items(refused)[0], refused.stderr).toMatchObject({ result: "failed", code: "PC302" });
    expect(items(refused)[0]?.message).toContain(path);
    expect(await readNodeFile(bed, node)).toBeUndefined();

    expect(results(await push(node, "--replace"))).toEqual({ [node]: "updated" });
    expect(results(await restore(node))).toEqual({ [node]: "removed" });
    expect(await readNodeFile(bed, node, path)).toEqual(before);
    expect(await readNodeFile(bed, node)).toBeUndefined();
    await bed.exec(node, ["rm", "-r", "/.docker"]);
  });
});

describe("which nodes", () => {
  const [first = "", second = ""] = names;

  it("takes names, globs, labels and exclusions", async () => {
    await bed.run(["label", "node", first, "pool=gpu"]);
    expect(Object.keys(results(await push("-l", "pool=gpu")))).toEqual([first]);
    expect(Object.keys(results(await push(second)))).toEqual([second]);
    expect(Object.keys(results(await push("*", "--exclude", first)))).toEqual(names.slice(1));
    await bed.run(["label", "node", first, "pool-"]);
    await restore();
  });

  it("refuses names that don't exist and selections that are empty, and says why", async () => {
    const unknown = await push("no-such-node");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/PC111.*no-such-node/);
    const empty = await push("-l", "pool=none");
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain("PC110");
  });

  it("refuses two nodes with one address, and both are named", async () => {
    const address = bed.nodes[0]?.address ?? "";
    const ghost = { apiVersion: "v1", kind: "Node", metadata: { name: "ghost" } };
    await bed.run(["create", "-f", "-"], JSON.stringify(ghost));
    try {
      const status = { status: { addresses: [{ type: "InternalIP", address }] } };
      await bed.run([
        "patch",
        "node",
        "ghost",
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify(status),
      ]);
      const run = await push(first, "ghost");
      expect(
        items(run).map(({ code }) => code),
        run.stderr,
      ).toEqual(["PC114", "PC114"]);
      expect(run.code).toBe(4);
    } finally {
      await bed.run(["delete", "node", "ghost"]);
    }
  });

  it("refuses a node whose machine is another one", async () => {
    const target = bed.nodes[0];
    await bed.exec(first, [
      "sh",
      "-c",
      "cp -p /etc/machine-id /tmp/id && tr 0-9a-f 1-9a-f0 < /tmp/id > /etc/machine-id",
    ]);
    try {
      const run = await push(target?.name ?? "");
      expect(items(run)[0], run.stderr).toMatchObject({ result: "failed", code: "PC231" });
      expect(await readNodeFile(bed, first)).toBeUndefined();
      const unchecked = await push(target?.name ?? "", "--no-node-check");
      expect(items(unchecked)[0], unchecked.stderr).toMatchObject({ result: "updated" });
    } finally {
      await bed.exec(first, ["sh", "-c", "cat /tmp/id > /etc/machine-id; rm /tmp/id"]);
    }
  });

  it("names an unknown context and an API server that can't be reached", async () => {
    const context = await push("--context", "nowhere");
    expect([context.code, context.stderr]).toEqual([2, expect.stringContaining("PC102")]);
    const { stdout } = await bed.run(["config", "view", "--raw", "-o", "json"]);
    const config = JSON.parse(stdout) as { clusters: { cluster: { server: string } }[] };
    for (const { cluster: entry } of config.clusters) entry.server = "https://127.0.0.1:9";
    const kubeconfig = join(user.home, "unreachable");
    await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    const run = await user.run([
      "push",
      "--kubeconfig",
      kubeconfig,
      "--kubectl",
      bed.kubectl,
      "--config",
      bed.dockerConfig,
      ...login,
    ]);
    expect(run.code, run.stderr).toBe(1);
    expect(run.stderr).toContain("PC103");
  });
});

describe("an interrupted verify", () => {
  const watchPods = () => bed.firstLine([...TEST_PODS, "--watch"]);
  const args = [
    "verify",
    ...cluster,
    "--image",
    `${bed.registry.host}/no/such:1`,
    "--ca",
    bed.registry.ca,
  ];

  it("removes its pods after Ctrl-C and exits 130", async () => {
    const seen = watchPods();
    const { child, ended } = user.start(args);
    await seen;
    child.kill("SIGINT");
    const run = await ended;
    expect(run.code, run.stderr).toBe(130);
    expect(await testPods()).toBe("");
  });

  it("leaves pods when it is killed, but no proxy to the API; cleanup removes the pods", async () => {
    const seen = watchPods();
    const { child, ended } = user.start(args);
    await seen;
    const proxies = await proxiesOf(child.pid);
    expect(proxies).toHaveLength(1);
    child.kill("SIGKILL");
    await ended;
    await vi.waitFor(
      () => expect(proxies.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]),
      10_000,
    );
    expect(await testPods()).not.toBe("");
    const run = await user.run(["cleanup", ...cluster]);
    expect(run.code, run.stderr).toBe(0);
    expect(await testPods()).toBe("");
  });
});
