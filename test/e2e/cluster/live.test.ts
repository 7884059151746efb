import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CliRun, type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const [node = "", other = ""] = bed.nodes.map(({ name }) => name);
const { host, user: login, password, ca, images } = bed.registry;
const shell = images.find((one) => one.shell && !one.public)?.ref ?? "";
const noShell = images.find((one) => !one.shell && !one.public)?.ref ?? "";
const { ssh } = bed.flags;
const cluster = [...bed.flags.cluster, "-o", "json"];
const GUARD = "/etc/systemd/system/kubelet.service.d/10-guard.conf";

let user: CliUser;
beforeAll(async () => {
  user = await newCliUser();
  // What others left in the kubelet's own file would serve pulls before a provider is asked.
  await sh(node, `rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast`);
});
afterEach(async () => {
  await sh(node, `rm -f ${GUARD} && systemctl daemon-reload`);
  await user.run(["remove", ...cluster, ...ssh, node]);
});
afterAll(async () => {
  await user.run(["remove", ...cluster, ...ssh, node, other]);
  await user.remove();
});

async function sh(where: string, script: string): Promise<string> {
  const run = await bed.exec(where, ["sh", "-c", script]);
  if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
  return run.stdout.trim();
}

const pid = () => sh(node, "systemctl show -p MainPID kubelet");
const flags = () => sh(node, "tr '\\0' '\\n' </proc/$(pidof kubelet-fastcache kubelet)/cmdline");

async function config(auths: Record<string, string>): Promise<string> {
  const file = join(user.home, "config.json");
  const entries = Object.entries(auths).map(([key, pair]) => [
    key,
    { auth: Buffer.from(pair).toString("base64") },
  ]);
  await writeFile(file, JSON.stringify({ auths: Object.fromEntries(entries) }), { mode: 0o600 });
  return file;
}
const good = () => config({ [host]: `${login}:${password}` });

const live = async (file: string, ...more: string[]) =>
  await user.run([
    ...["push", ...cluster, ...ssh, "--config", file, "--delivery", "provider", node, ...more],
  ]);
const verify = (image: string) =>
  user.run(["verify", ...cluster, "--image", image, "--ca", ca, node]);
const remove = (...more: string[]) => user.run(["remove", ...cluster, ...ssh, node, ...more]);
const status = () => user.run(["status", ...cluster, ...ssh, node]);
const first = (run: CliRun) => items(run)[0] as unknown as Record<string, unknown>;

async function comesTo(image: string, result: string): Promise<void> {
  const run = await verify(image);
  expect(results(run), run.stderr).toEqual({ [node]: result });
}

describe("a kubelet that asks pullcast's provider", () => {
  it("uses each push, rollback and removal at the next pull, after one restart ever", async () => {
    const before = await pid();
    const pushed = await live(await good());
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(first(pushed)).toMatchObject({ result: "updated", provider: "on", restarted: true });
    const after = await pid();
    expect(after).not.toBe(before);
    await comesTo(shell, "pulled");
    expect((await live(await config({ [host]: `${login}:wrong` }))).code).toBe(0);
    await comesTo(shell, "denied");
    const back = await user.run(["rollback", ...cluster, ...ssh, node]);
    expect(first(back), back.stderr).toMatchObject({ result: "updated", provider: "on" });
    await comesTo(shell, "pulled");
    expect(first(await status())).toMatchObject({ state: "current", provider: "on", keys: [host] });
    const explained = await user.run(["explain", shell, ...cluster, ...ssh, "--node", node]);
    expect(JSON.parse(explained.stdout), explained.stderr).toMatchObject({
      candidates: [{ key: host, source: "provider pullcast", username: login }],
    });
    const same = await live(await good());
    expect(first(same)).toMatchObject({ result: "unchanged", provider: "on" });
    const taken = await remove("--registry", host, "--verify", "--image", shell, "--ca", ca);
    expect(taken.code, taken.stderr).toBe(0);
    expect(await pid()).toBe(after);
    for (const run of [pushed, taken, same]) {
      expect(run.stdout + run.stderr).not.toContain(password);
    }
  });

  it("serves several accounts of one registry, by repository", async () => {
    const file = await config({
      [`${host}/team/shell`]: `${login}:${password}`,
      [`${host}/team/no-shell`]: `${login}:wrong`,
    });
    expect((await live(file)).code).toBe(0);
    await comesTo(shell, "pulled");
    await comesTo(noShell, "denied");
  });

  it("goes back to what was there when all is removed", async () => {
    const before = await flags();
    await live(await good(), "--provider-ports", "8443");
    expect(await flags()).toContain("--image-credential-provider-config");
    const port = await live(await config({ "reg.example:8443": "u:p", [host]: "u:p" }));
    expect(first(port), port.stderr).not.toHaveProperty("restarted");
    const other = await live(await config({ "reg.example:9999": "u:p", [host]: "u:p" }));
    expect(first(other), other.stderr).toMatchObject({ restarted: true, provider: "on" });
    expect(other.stdout).toContain("PC553");
    const taken = await remove();
    expect(first(taken), taken.stderr).toMatchObject({ result: "removed", provider: "off" });
    expect(await flags()).toBe(before);
    const left = "ls -d /var/lib/pullcast /etc/systemd/system/*.service.d 2>/dev/null | wc -l";
    expect(await sh(node, left)).toBe("0");
  });

  it("tells that entries of the kubelet's own file come first", async () => {
    await user.run([
      ...["push", ...cluster, ...ssh, "--config", await config({ [host]: "old:old" }), node],
    ]);
    const pushed = await live(await good());
    const warnings = first(pushed)["warnings"] as readonly { code: string; message: string }[];
    expect(warnings.find(({ code }) => code === "PC552")?.message).toContain(host);
    await comesTo(shell, "pulled");
    const both = await remove();
    expect(first(both)).toMatchObject({ result: "removed", provider: "off" });
    expect(await readNodeFile(bed, node, KUBELET_CONFIG)).toBeUndefined();
  });

  it("is named where a setting takes it away again", async () => {
    await live(await good());
    await sh(node, "rm /etc/systemd/system/kubelet.service.d/zz-pullcast.conf");
    await sh(node, "systemctl daemon-reload && systemctl restart kubelet");
    await expect
      .poll(async () => first(await status()), { timeout: 20_000 })
      .toMatchObject({ state: "drifted", drift: ["provider"], provider: "due" });
    const again = await live(await good());
    expect(first(again)).toMatchObject({ result: "unchanged", provider: "on", restarted: true });
    await comesTo(shell, "pulled");
  });
});

/** A provider of somebody else's: it serves one repository, and counts how often it was asked. */
const ECR_LIKE = `mkdir -p /opt/ecr /etc/ecr.d /etc/systemd/system/kubelet.service.d
cat >/opt/ecr/ecr-like <<'END'
#!/bin/sh
cat >/dev/null
echo asked >>/opt/ecr/count
printf '%s' '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image","cacheDuration":"0s","auth":{"${host}/team/no-shell":{"username":"${login}","password":"${password}"}}}'
END
chmod 755 /opt/ecr/ecr-like
cat >/etc/ecr.d/ecr.yaml <<'END'
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: ecr-like
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  matchImages: ["${host}/team/no-shell"]
  defaultCacheDuration: 0s
END`;

const withList = (list: string) => `${ECR_LIKE}
start=$(systemctl cat kubelet | sed -n 's/^ExecStart=//p')
printf '[Service]\\nExecStart=\\nExecStart=%s %s %s\\n' "$(printf %s "$start" | sed 's/%/%%/g;s/%%H/%H/')" \
  --image-credential-provider-config=${list} --image-credential-provider-bin-dir=/opt/ecr \
  >/etc/systemd/system/kubelet.service.d/10-ecr.conf
systemctl daemon-reload && systemctl restart kubelet`;

describe("beside a provider of others", () => {
  afterEach(async () => {
    await remove();
    await sh(node, "rm -rf /opt/ecr /etc/ecr.d /etc/systemd/system/kubelet.service.d");
    await sh(node, "systemctl daemon-reload && systemctl restart kubelet");
  });

  it.each([
    ["a file is copied", "/etc/ecr.d/ecr.yaml", "/var/lib/pullcast/provider.yaml"],
    ["a directory gets one more list", "/etc/ecr.d", "/etc/ecr.d/pullcast.yaml"],
  ])("%s, and both serve what is theirs", async (_name, list, ours) => {
    await sh(node, withList(list));
    await comesTo(noShell, "pulled");
    await comesTo(shell, "denied");
    const pushed = await live(await config({ [`${host}/team/shell`]: `${login}:${password}` }));
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(await sh(node, `grep -c 'name: pullcast' ${ours}`)).toBe("1");
    await comesTo(shell, "pulled");
    const asked = Number(await sh(node, "wc -l </opt/ecr/count"));
    await comesTo(noShell, "pulled");
    expect(Number(await sh(node, "wc -l </opt/ecr/count"))).toBeGreaterThan(asked);
    expect(first(await status())).toMatchObject({ state: "current", provider: "on" });
    await remove();
    expect(await sh(node, "ls /opt/ecr /etc/ecr.d | grep -c pullcast || :")).toBe("0");
    await comesTo(noShell, "pulled");
    await comesTo(shell, "denied");
  });
});

describe("a node that is not well with it", () => {
  it("gets back what it had before, setting and answer, where it was well with an earlier one", async () => {
    await live(await good());
    const guard = `[Service]\nExecStartPre=/bin/sh -c "! grep -q 7777 /var/lib/pullcast/provider.yaml"\n`;
    await bed.exec(node, ["sh", "-c", `cat >${GUARD}`], { input: Buffer.from(guard) });
    await sh(node, "systemctl daemon-reload");
    const files =
      "cd /var/lib/pullcast && cat provider.yaml config.json record bin/pullcast | sha256sum";
    const before = [await sh(node, files), await flags()];
    const run = await live(await config({ [host]: "u:p", "reg.example:7777": "u:p" }));
    expect(first(run), run.stderr).toMatchObject({ result: "restored", code: "PC555" });
    expect([await sh(node, files), await flags()]).toEqual(before);
    await comesTo(shell, "pulled");
  });

  it("is restored, and others are left as they were", async () => {
    const guard = `[Service]\nExecStartPre=/bin/sh -c "! test -e /run/systemd/system/kubelet.service.d/zz-pullcast.conf"\n`;
    await sh(node, `mkdir -p ${GUARD.slice(0, GUARD.lastIndexOf("/"))}`);
    await bed.exec(node, ["sh", "-c", `cat >${GUARD}`], { input: Buffer.from(guard) });
    await sh(node, "systemctl daemon-reload");
    const before = await flags();
    const run = await live(await good(), other);
    expect(run.code, run.stderr).toBe(4);
    const [broken, spared] = items(run);
    expect(broken).toMatchObject({ node, result: "restored", code: "PC555", phase: "restart" });
    expect(spared).toMatchObject({ node: other, result: "failed", code: "PC509" });
    expect(await flags()).toBe(before);
    expect(await sh(node, "ls /run/systemd/system /etc/systemd/system/kubelet.service.d")).toBe(
      "/etc/systemd/system/kubelet.service.d:\n10-guard.conf\n\n/run/systemd/system:",
    );
    expect(first(await status())).toMatchObject({ state: "missing" });
  });
});
