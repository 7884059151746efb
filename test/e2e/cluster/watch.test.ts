import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../rig/sshd.ts";
import { type CliUser, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { type FollowedWatch, followWatch } from "./follow-watch.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const [first = "", second = "", third = ""] = names;
const { ca, images, password, host } = bed.registry;
const image = images.find((one) => one.shell && !one.public)?.ref ?? "";
const { cluster, ssh } = bed.flags;
const GATE = "example.com/unproven";

/** The container has no pkill; what ends there is started again. */
const KILL_API_SERVER =
  "for dir in /proc/[0-9]*; do if tr '\\0' ' ' <$dir/cmdline 2>/dev/null | grep -q '^kube kube-apiserver'; then kill -9 ${dir#/proc/}; fi; done";

let user: CliUser;
let config: string;
let watch: FollowedWatch;
let port: number;

async function sh(where: string, script: string): Promise<string> {
  const run = await bed.exec(where, ["sh", "-c", script]);
  if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
  return run.stdout.trim();
}
const taints = async (node: string) =>
  (await bed.run(["get", "node", node, "-o", "jsonpath={.spec.taints[*].key}"])).stdout;
const ask = async (path: string) => await fetch(`http://127.0.0.1:${port}${path}`);
const metric = async (name: string) => {
  const text = await (await ask("/metrics")).text();
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")
      .at(-1),
  );
};
const withEntry = async (extra: Record<string, string>) => {
  const original = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as { auths: object };
  const auths = Object.fromEntries(
    Object.entries(extra).map(([key, pair]) => [
      key,
      { auth: Buffer.from(pair).toString("base64") },
    ]),
  );
  await writeFile(config, JSON.stringify({ auths: { ...original.auths, ...auths } }));
};

beforeAll(async () => {
  user = await newCliUser();
  config = join(user.home, "config.json");
  port = await freePort();
  for (const name of names) await sh(name, `rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast`);
  await writeFile(config, await readFile(bed.dockerConfig), { mode: 0o600 });
  await bed.run(["taint", "node", first, `${GATE}=:NoSchedule`, "example.com/other=:NoSchedule"]);
  watch = followWatch(
    user,
    ["watch"],
    [
      ...[...cluster, ...ssh, "--config", config, "--verify", "--image", image, "--ca", ca],
      ...[
        "--gate",
        GATE,
        "--resync",
        "4s",
        "--reload",
        "200ms",
        "--listen",
        String(port),
        "--replace",
      ],
    ],
  );
});
afterAll(async () => {
  await watch.stop();
  await bed.run(["taint", "node", first, "example.com/other-"]);
  await user.run(["remove", ...cluster, ...ssh, "--path", "/var/lib/kubelet"]);
  await user.remove();
});

describe("pullcast watch", () => {
  it("serves and proves the nodes that are there, and takes the startup taint alone off", async () => {
    await watch.next("gate-opened", (event) => event.node === first && !event.forced);
    expect(await taints(first)).toBe("example.com/other");
    for (const name of names) {
      await watch.ever("node-state", ({ node, state }) => node === name && state === "proven");
      expect((await readNodeFile(bed, name))?.mode).toBe("600 root:root");
    }
    expect((await ask("/readyz")).status).toBe(200);
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("serves a node that was made anew by an old name, and says how long that took", async () => {
    await sh(
      second,
      `systemctl stop kubelet && rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast`,
    );
    await bed.run(["delete", "node", second]);
    await watch.next("node-gone", ({ node }) => node === second);
    await sh(second, "systemctl start kubelet");
    const seen = await watch.next("node-seen", ({ node }) => node === second);
    expect(seen.as).toBe("replaced");
    const file = await watch.next(
      "node-served",
      ({ node, stage }) => node === second && stage === "file",
    );
    expect(file.sinceCreatedMs).toBeGreaterThanOrEqual(0);
    await watch.next("node-served", ({ node, stage }) => node === second && stage === "proof");
    expect((await readNodeFile(bed, second))?.content).toContain(host);
  });

  it("proves a machine anew that was restarted", async () => {
    const boot = "/proc/sys/kernel/random/boot_id";
    await sh(
      third,
      `cat /proc/sys/kernel/random/uuid >/run/boot_id && mount --bind /run/boot_id ${boot} && systemctl restart kubelet`,
    );
    try {
      const seen = await watch.next("node-seen", ({ node }) => node === third);
      expect(seen.as).toBe("rebooted");
      await watch.next(
        "pull-finished",
        ({ report }) => report.node === third && report.result === "pulled",
      );
    } finally {
      await sh(third, `umount ${boot} && systemctl restart kubelet`);
    }
  });

  it("puts a file right that others removed or changed", async () => {
    await sh(first, `rm ${KUBELET_CONFIG}`);
    const healed = (node: string) =>
      watch.next(
        "node-finished",
        ({ report }) => report.node === node && report.result === "updated",
      );
    await healed(first);
    await sh(first, `printf '{"auths":{}}' >${KUBELET_CONFIG}`);
    await healed(first);
    expect((await readNodeFile(bed, first))?.content).toContain(host);
  });

  it("brings a changed source to all nodes, and keeps the last good one while it is broken", async () => {
    await withEntry({ "other.example": "robot:first" });
    await watch.next(
      "credentials-loaded",
      ({ changed, entries }) => changed && entries.length === 2,
    );
    for (const name of names) {
      const has = async () => (await readNodeFile(bed, name))?.content.includes("other.example");
      if (!(await has())) {
        await watch.next(
          "node-finished",
          ({ report }) => report.node === name && report.result === "updated",
        );
      }
      expect(await has()).toBe(true);
    }
    await writeFile(config, "{");
    const failed = await watch.next("credentials-failed");
    expect(failed.cause.code).toBe("PC603");
    expect((await ask("/readyz")).status).toBe(200);
    expect((await readNodeFile(bed, first))?.content).toContain("other.example");
    await withEntry({ "other.example": "robot:second" });
    await watch.next("credentials-loaded", ({ changed }) => changed);
  });

  it("goes on after the API server was away", async () => {
    await sh("control", KILL_API_SERVER);
    await watch.next("cluster-lost");
    await watch.next("cluster-listed");
    expect((await ask("/readyz")).status).toBe(200);
    await sh(second, `rm ${KUBELET_CONFIG}`);
    await watch.next(
      "node-finished",
      ({ report }) => report.node === second && report.result === "updated",
    );
  });

  it("tells Prometheus of all that, ends in order when it is told to, and never told a password", async () => {
    expect(await metric('pullcast_nodes{state="skipped"}')).toBe(0);
    expect(await metric("pullcast_cluster_followed")).toBe(1);
    expect(await metric('pullcast_gates_opened_total{forced="false"}')).toBe(1);
    expect(await metric('pullcast_new_node_seconds_count{stage="file"}')).toBeGreaterThanOrEqual(1);
    expect(await metric('pullcast_source_failures_total{code="PC603"}')).toBeGreaterThanOrEqual(1);
    const ended = await watch.stop();
    expect(ended.code).toBe(0);
    const auth = Buffer.from(`puller:${password}`).toString("base64");
    for (const secret of [password, auth, "robot:first"]) {
      expect(ended.stdout + ended.stderr).not.toContain(secret);
    }
    const left = await bed.run(["get", "pods", "-A", "-l", "pullcast.dev/run", "-o", "name"]);
    expect(left.stdout).toBe("");
  });
});

describe("host keys that nobody knows", () => {
  it("are refused without a word from anybody, and fetched through the API server with --trust-new", async () => {
    const stranger = await newCliUser();
    const flags = [...cluster, "-i", bed.ssh.key, "--config", bed.dockerConfig, "--replace"];
    const own = (...more: string[]) => followWatch(stranger, ["watch"], [...flags, ...more, first]);
    const strict = own();
    const refused = await strict.next("node-finished", ({ report }) => report.node === first);
    expect(refused.report).toMatchObject({ result: "failed", code: "PC211" });
    await strict.stop();
    const open = images.find((one) => one.public && one.shell)?.ref ?? "";
    const trusting = own("--trust-new", "--trust-image", open);
    const trusted = await trusting.next("trust-finished");
    expect(trusted.report).toMatchObject({ node: first, result: "trusted" });
    const served = await trusting.ever(
      "node-finished",
      ({ report }) => report.node === first && report.hostKeyBy === "pinned",
    );
    expect(["updated", "unchanged"]).toContain(served.report.result);
    await trusting.stop();
    await stranger.remove();
  });
});
