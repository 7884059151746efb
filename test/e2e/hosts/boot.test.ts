import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { type Bed, upBed } from "../../bed/index.ts";
import { buildImage } from "../build-image.ts";
import { type CliUser, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { authsOf, hostArgs } from "./host-tools.ts";

const SECRET = "canary-7710";
const BOOT_IMAGE = "pullcast-test/boot";
/** What cloud-init's units run at a first boot, in their order. */
const FIRST_BOOT =
  "cloud-init init --local && cloud-init init && cloud-init modules --mode config && cloud-init modules --mode final";
const IGNITION = "/usr/lib/dracut/modules.d/30ignition/ignition";

let bed: Bed;
let user: CliUser;
let config: string;

beforeAll(async () => {
  // The bed makes the base where no registry has it.
  bed = await upBed({ name: `boot-${process.pid}`, nodes: 1 });
  await buildImage(fileURLToPath(new URL("boot-image", import.meta.url)), BOOT_IMAGE);
  user = await newCliUser();
  config = join(user.home, "config.json");
});
beforeEach(() =>
  writeFile(config, authsOf({ "reg.example": `robot:${SECRET}1` }), { mode: 0o600 }),
);
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
afterEach(() => sh("rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast"));

const name = () => bed.nodes[0]?.name ?? "";
const sh = (script: string, input = "") =>
  bed.exec(name(), ["sh", "-c", script], { input: Buffer.from(input) });

async function render(form: string, ...more: string[]): Promise<string> {
  const run = await user.run(["render", form, "--config", config, ...more]);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).toContain("PC186");
  expect(run.stderr).not.toContain(SECRET);
  return run.stdout;
}

/** Runs a script in a fresh machine of the boot image, with a document on its standard input. */
async function onMachine(script: string, input: string): Promise<string> {
  const child = spawn("docker", ["run", "--rm", "-i", BOOT_IMAGE, "sh", "-ec", script], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => undefined).end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.on("close", resolve)),
  ]);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
}

const SEED = "mkdir -p /var/lib/cloud/seed/nocloud && cd /var/lib/cloud/seed/nocloud";
const TELL = `stat -c '%a %U:%G' ${KUBELET_CONFIG}; cat ${KUBELET_CONFIG}`;

/** What cloud-init made of user data on a machine that never was up before. */
async function bootedBy(userData: string): Promise<string> {
  const seed = `${SEED} && cat >user-data && echo 'instance-id: i-1' >meta-data`;
  const quiet = `(${FIRST_BOOT}) >/tmp/boot.log 2>&1 || { cat /tmp/boot.log /var/log/cloud-init.log; exit 1; }`;
  return await onMachine(`${seed}\n${quiet}\n${TELL}`, userData);
}

const TAIL = `600 root:root\n`;
/** The bytes that a push of the same credentials writes. */
async function fileText(): Promise<string> {
  const pushed = await user.run(["push", "-o", "json", "--config", config, ...hostArgs(bed)]);
  expect(Object.values(results(pushed)), pushed.stderr).toEqual(["updated"]);
  return (await readNodeFile(bed, name()))?.content ?? "";
}

describe("a real cloud-init", () => {
  it("writes the very file of a push at the first boot", async () => {
    expect(await bootedBy(await render("cloud-init"))).toBe(`${TAIL}${await fileText()}`);
  });

  it("takes it as one of several parts, and appends to another's bootcmd", async () => {
    const { spec } = parse(await render("karpenter", "--name", "default")) as {
      spec: { userData: string };
    };
    const other = `Content-Type: text/cloud-config; charset="us-ascii"

#cloud-config
bootcmd:
  - touch /run/others-part
`;
    const parts = spec.userData.replace("--PULLCAST\n", `--PULLCAST\n${other}\n--PULLCAST\n`);
    expect(await bootedBy(parts)).toBe(`${TAIL}${await fileText()}`);
  });

  it("runs what stands in kops', Terraform's and Cluster API's documents", async () => {
    const expected = `${TAIL}${await fileText()}`;
    const group = parse(await render("kops")) as {
      spec: { additionalUserData: { content: string }[] };
    };
    expect(await bootedBy(group.spec.additionalUserData[0]?.content ?? "")).toBe(expected);
    const { locals } = JSON.parse(await render("terraform")) as {
      locals: { pullcast_cloud_config: string };
    };
    const [, base64 = ""] =
      /^\$\{sensitive\(base64decode\("([^"]+)"\)\)\}$/.exec(locals.pullcast_cloud_config) ?? [];
    expect(await bootedBy(Buffer.from(base64, "base64").toString())).toBe(expected);
    const [secret, template] = parseAllDocuments(await render("kubeadm")).map(
      (one) => one.toJS() as unknown,
    ) as unknown as [
      { data: { boot: string } },
      { spec: { template: { spec: { files: object[]; preKubeadmCommands: string[] } } } },
    ];
    const { files, preKubeadmCommands } = template.spec.template.spec;
    // As Cluster API makes user data of it.
    const [{ contentFrom: _from, ...file }] = files as [{ contentFrom: object }];
    const cloudConfig = {
      write_files: [{ ...file, encoding: "b64", content: secret.data.boot }],
      runcmd: preKubeadmCommands,
    };
    expect(await bootedBy(`#cloud-config\n${JSON.stringify(cloudConfig)}`)).toBe(expected);
  });
});

describe("a real Ignition", () => {
  it("takes the document for valid, and its files write the file of a push", async () => {
    const script = `cat >/tmp/config.ign
ignition-validate /tmp/config.ign
mkdir -p /sysroot/etc/selinux
echo SELINUXTYPE=targeted >/sysroot/etc/selinux/config
export IGNITION_CONFIG_FILE=/tmp/config.ign
for stage in fetch files; do
  ${IGNITION} -platform file -root /sysroot -config-cache /tmp/cache -neednet /tmp/neednet -stage $stage -log-to-stdout >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
done
stat -c '%a %U:%G' /sysroot/etc/pullcast/boot
test -L /sysroot/etc/systemd/system/multi-user.target.wants/pullcast-boot.service || grep -rq 'enable pullcast-boot.service' /sysroot/etc/systemd/system-preset
sh /sysroot/etc/pullcast/boot >/dev/null
${TELL}`;
    expect(await onMachine(script, await render("ignition"))).toBe(
      `700 root:root\n${TAIL}${await fileText()}`,
    );
  });
});

describe("the script", () => {
  it.each(["sh", "bash", "busybox sh"])(
    "runs under %s, and a later push knows the file",
    async (shell) => {
      const script = await render("script");
      const first = await sh(shell, script);
      expect(first.stdout).toBe(`pullcast: ${KUBELET_CONFIG} is there\n`);
      await writeFile(config, authsOf({ "reg.example": `robot:${SECRET}2` }));
      const pushed = await user.run(["push", "-o", "json", "--config", config, ...hostArgs(bed)]);
      expect(Object.values(results(pushed)), pushed.stderr).toEqual(["updated"]);
      const content = (await readNodeFile(bed, name()))?.content;
      // The next boot of a machine whose user data is old.
      const again = await sh(shell, script);
      expect(again.stdout).toBe(`pullcast: ${KUBELET_CONFIG} is there already\n`);
      expect((await readNodeFile(bed, name()))?.content).toBe(content);
      const removed = await user.run(["remove", "-o", "json", ...hostArgs(bed)]);
      expect(Object.values(results(removed)), removed.stderr).toEqual(["removed"]);
    },
  );

  it("brings newer credentials to a machine whose disk was another's", async () => {
    const old = await render("script");
    await writeFile(config, authsOf({ "reg.example": `robot:${SECRET}3` }));
    // Runs are told apart by the second.
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
    const newer = await render("script");
    await sh("sh", old);
    expect((await sh("sh", newer)).stdout).toBe(`pullcast: ${KUBELET_CONFIG} is there\n`);
    const auth = Buffer.from(`robot:${SECRET}3`).toString("base64");
    expect((await readNodeFile(bed, name()))?.content).toContain(auth);
  });

  it("leaves a file of others alone, and says so", async () => {
    await sh(`mkdir -p /var/lib/kubelet && echo '{"auths":{}}' >${KUBELET_CONFIG}`);
    const ended = await sh("sh", await render("script"));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("PC301");
    expect((await readNodeFile(bed, name()))?.content).toBe('{"auths":{}}\n');
    expect((await sh("sh", await render("script", "--replace"))).code).toBe(0);
  });

  it("writes onto a mounted disk", async () => {
    const script = await render("script", "--path", "/mnt/disk/var/lib/kubelet");
    await sh("sh", script);
    const there = await sh("stat -c %a /mnt/disk/var/lib/kubelet/config.json; rm -rf /mnt/disk");
    expect(there.stdout).toBe("600\n");
  });
});
