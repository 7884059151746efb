import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CliRun, type CliUser, items, newCliUser, results } from "../cli.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const names = bed.nodes.map(({ name }) => name);
const [first = ""] = names;
const image = bed.registry.images.find((one) => one.public && one.shell)?.ref ?? "";

let user: CliUser;
let pins: string;
beforeEach(async () => {
  // Its home is empty: no known_hosts, no pins.
  user = await newCliUser();
  pins = join(user.home, ".local", "state", "pullcast", "known_hosts");
});
afterEach(() => user.remove());

const trustBy = (ref: string, ...more: string[]) =>
  user.run(["trust", ...bed.flags.cluster, "--image", ref, "-o", "json", ...more]);
const trust = (...more: string[]) => trustBy(image, ...more);

/** A push that takes no unknown key, and keeps clear of what other tests push. */
const push = (...more: string[]) =>
  user.run([
    ...["push", "--config", bed.dockerConfig, "--path", "/opt/trust", "-i", bed.ssh.key],
    ...["--host-key-checking", "strict", ...bed.flags.cluster, "-o", "json", ...more],
  ]);

async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await bed.exec(first, ["sh", "-c", script]);
  if (code !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout;
}

const codes = (run: CliRun) => items(run).map(({ node, code }) => `${node} ${code}`);
const uid = async () =>
  (await bed.run(["get", "node", first, "-o", "jsonpath={.metadata.uid}"])).stdout;
const leftPods = async () =>
  (await bed.run(["get", "pods", "-A", "-l", "pullcast.dev/run", "-o", "name"])).stdout;

/** As after a new installation: sshd has other keys, of the same types. */
const NEW_KEYS =
  "for key in /etc/ssh/ssh_host_*_key; do type=${key#*host_}; rm $key; ssh-keygen -q -t ${type%_key} -N '' -f $key; done; systemctl restart ssh";

beforeAll(async () => {
  for (const name of names) await bed.exec(name, ["mkdir", "-p", "-m", "755", "/opt/trust"]);
  await sh("rm -rf /root/keys && mkdir /root/keys && cp -p /etc/ssh/ssh_host_* /root/keys");
});
afterAll(async () => {
  await sh("cp -p /root/keys/* /etc/ssh/ && rm -rf /root/keys && systemctl restart ssh");
  for (const name of names) await bed.exec(name, ["rm", "-rf", "/opt/trust"]);
});

describe("pullcast trust", () => {
  it("knows all nodes without a blind first contact: a strict push fails before it, and works after it", async () => {
    const before = await push();
    expect(codes(before)).toEqual(names.map((name) => `${name} PC211`));
    expect(before.stderr).toMatch(/fix: pullcast trust (?:\S+ )*NODE, or compare /);
    expect(before.code).toBe(4);

    const run = await trust();
    expect(run.code, run.stderr).toBe(0);
    expect(results(run)).toEqual(Object.fromEntries(names.map((name) => [name, "trusted"])));
    const [report] = items(run) as readonly { keys?: readonly { fingerprint: string }[] }[];
    const shown = await sh("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    expect(shown).toContain(report?.keys?.[0]?.fingerprint);
    expect(run.stderr).toMatch(
      /pinned by node UID in \S+, on the word of the API server https:\S+, each node for itself and the image /,
    );
    const lines = (await readFile(pins, "utf8")).trimEnd().split("\n");
    expect(lines).toContainEqual(
      expect.stringMatching(new RegExp(`^node/${await uid()} ssh-ed25519 \\S+ ${first}$`)),
    );
    expect(await leftPods()).toBe("");

    const after = await push();
    expect(after.code, after.stdout).toBe(0);
    expect(results(await trust())).toEqual(
      Object.fromEntries(names.map((name) => [name, "unchanged"])),
    );
  });

  it("pins in a file that the user keeps, which push takes by the same flag", async () => {
    const file = join(user.home, "nodes.known");
    await writeFile(file, "# ours\n");
    expect((await trust("--known-hosts", file, first)).code).toBe(0);
    expect(await readFile(file, "utf8")).toMatch(/^# ours\nnode\/\S+ ssh-ed25519 \S+ /);
    const run = await push("--known-hosts", file);
    expect(codes(run)).toEqual([
      `${first} undefined`,
      ...names.slice(1).map((name) => `${name} PC211`),
    ]);
  });

  it("refuses a node with new keys until it is told to replace them; push refuses it as changed", async () => {
    expect((await trust(first)).code).toBe(0);
    await sh(NEW_KEYS);
    const changed = await push(first);
    expect(codes(changed)).toEqual([`${first} PC212`]);
    expect(changed.stderr).toMatch(/only then pullcast trust (?:\S+ )*--replace /);

    const refused = await trust(first);
    expect([refused.code, ...codes(refused)]).toEqual([4, `${first} PC218`]);
    expect(codes(await push(first))).toEqual([`${first} PC212`]);

    expect(results(await trust(first, "--replace"))).toEqual({ [first]: "replaced" });
    expect((await push(first)).code).toBe(0);
  });

  it("a node that was replaced under the same name and address is unknown, not an attack", async () => {
    expect((await trust(first)).code).toBe(0);
    const before = await uid();
    await sh("systemctl stop kubelet");
    await bed.run(["delete", "node", first]);
    await sh(`${NEW_KEYS}; systemctl start kubelet`);
    await bed.run(["wait", "--for=create", `node/${first}`, "--timeout=90s"]);
    await bed.run(["wait", "--for=condition=Ready", `node/${first}`, "--timeout=90s"]);
    const after = await uid();
    expect(after).not.toBe(before);

    expect(codes(await push(first))).toEqual([`${first} PC211`]);
    const run = await trust(first);
    expect(results(run), run.stderr).toEqual({ [first]: "trusted" });
    expect((await push(first)).code).toBe(0);
    // The old node's pins are nobody's; they harm nobody.
    expect(await readFile(pins, "utf8")).toContain(`node/${before} `);
  });
});

describe("pullcast trust where it can't", () => {
  it("tells of an image that no node may pull, and leaves no pod", async () => {
    const run = await trustBy(`${bed.registry.publicHost}/open/absent:1`, first);
    expect([run.code, ...codes(run)]).toEqual([4, `${first} PC250`]);
    expect(run.stderr).toContain("fix: give an --image that the nodes have or may pull");
    expect(await leftPods()).toBe("");
  });

  it("tells of a namespace whose pod security forbids hostPath, and which would do", async () => {
    const namespace = "trust-baseline";
    await bed.run(["create", "namespace", namespace]);
    try {
      await bed.run(["label", "ns", namespace, "pod-security.kubernetes.io/enforce=baseline"]);
      const run = await trust("-n", namespace, first);
      expect([run.code, ...codes(run)]).toEqual([4, `${first} PC506`]);
      expect(run.stderr).toContain("-n kube-system");
      expect((await trust("-n", "kube-system", first)).code).toBe(0);
    } finally {
      await bed.run(["delete", "namespace", namespace, "--wait=false"]);
    }
  });

  it("keeps nothing of a node without host keys", async () => {
    await sh("mkdir /etc/ssh/away && mv /etc/ssh/ssh_host_*.pub /etc/ssh/away");
    try {
      const run = await trust(first);
      expect([run.code, ...codes(run)]).toEqual([4, `${first} PC251`]);
      await expect(readFile(pins)).rejects.toMatchObject({ code: "ENOENT" });
    } finally {
      await sh("mv /etc/ssh/away/* /etc/ssh && rmdir /etc/ssh/away");
    }
  });

  it("Ctrl-C removes its pods, and pullcast cleanup those of a run that was killed", async () => {
    // A FIFO in place of a key: cat waits for ever.
    await sh(
      "mv /etc/ssh/ssh_host_rsa_key.pub /root/rsa.pub 2>/dev/null; mkfifo -m 644 /etc/ssh/ssh_host_rsa_key.pub",
    );
    try {
      const args = ["trust", ...bed.flags.cluster, "--image", image, first];
      const seen = () =>
        bed.firstLine(["get", "pods", "--watch", "-l", "pullcast.dev/run", "-o", "name"]);
      const [stopped] = [user.start(args), await seen()];
      stopped.child.kill("SIGINT");
      expect((await stopped.ended).code).toBe(130);
      expect(await leftPods()).toBe("");

      const [killed] = [user.start(args), await seen()];
      killed.child.kill("SIGKILL");
      await killed.ended;
      expect(await leftPods()).toMatch(/^pod\/pullcast-trust-/);
      const cleaned = await user.run(["cleanup", ...bed.flags.cluster]);
      expect(cleaned.code, cleaned.stderr).toBe(0);
      expect(await leftPods()).toBe("");
    } finally {
      await sh(
        "rm /etc/ssh/ssh_host_rsa_key.pub; mv /root/rsa.pub /etc/ssh/ssh_host_rsa_key.pub 2>/dev/null || true",
      );
    }
  });
});
