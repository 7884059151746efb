import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { answers, writeHelpers } from "../../agent/credentials/helper-programs.ts";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { type CliUser, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile, writeNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const [node = ""] = bed.nodes.map(({ name }) => name);
const { host } = bed.registry;
const image = bed.registry.images.find((one) => one.shell && !one.public)?.ref ?? "";

/** The bed's own login, as docker's file has it. */
const { auths } = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as {
  readonly auths: Readonly<Record<string, { readonly auth: string }>>;
};
const auth = auths[host]?.auth ?? "";
const [username = "", ...rest] = Buffer.from(auth, "base64").toString().split(":");
const password = rest.join(":");

let bin: string;
let user: CliUser;
/** Knows nothing of pushes, so that a denied pull is told at once and not tried for five minutes. */
let stranger: CliUser;
beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), "pullcast-bin-"));
  user = await newCliUser({ PATH: `${bin}:${process.env["PATH"]}` });
  stranger = await newCliUser();
});
afterEach(() => bed.exec(node, ["rm", "-rf", KUBELET_CONFIG, "/var/lib/kubelet/.pullcast"]));
afterAll(async () => {
  await user.remove();
  await stranger.remove();
  await rm(bin, { recursive: true, force: true });
});

const { cluster, ssh: login } = bed.flags;
const push = (...more: string[]) =>
  user.run(["push", node, ...cluster, ...login, "-o", "json", ...more]);
const pushWith = (input: string, ...more: string[]) =>
  user.run(["push", node, ...cluster, ...login, "-o", "json", ...more], input);
const verify = async () => {
  const args = ["--image", image, "--registry-ca", bed.registry.ca, "-o", "json"];
  const run = await stranger.run(["verify", node, ...cluster, ...args]);
  return results(run)[node];
};

async function source(file: object): Promise<string> {
  const path = join(user.home, `${randomBytes(4).toString("hex")}.json`);
  await writeFile(path, JSON.stringify(file), { mode: 0o600 });
  return path;
}

/** Puts the file on the node as it is, as people do with scp, and makes the kubelet read it. */
async function copied(path: string): Promise<string | undefined> {
  await writeNodeFile(bed, { node, path: KUBELET_CONFIG, content: await readFile(path, "utf8") });
  await bed.exec(node, ["systemctl", "restart", "kubelet"]);
  const result = await verify();
  await bed.exec(node, ["rm", KUBELET_CONFIG]);
  return result;
}

const good = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [i === 0 ? host : `r${i}.example.com`, { auth }]),
);

describe("a file in which docker works and the kubelet doesn't: what push sends pulls", () => {
  it("credentials in a credential store", async () => {
    await writeHelpers(bin, { bedstore: answers(username, password) });
    const path = await source({ auths: { [host]: {} }, credsStore: "bedstore" });
    expect(await copied(path)).toBe("denied");

    const sampler = await startProcSampler([password, auth]);
    const run = await push("--config", path, "--restart-kubelet");
    const { hits } = await sampler.stop();
    expect(results(run), run.stderr).toEqual({ [node]: "updated" });
    expect(hits).toEqual([]);
    expect(run.stdout + run.stderr).not.toContain(password);
    expect(run.stdout + run.stderr).not.toContain(auth);
    expect(await verify()).toBe("pulled");
  });

  it("one bad entry among ten good", async () => {
    const path = await source({ auths: { ...good, "bad.example.com": { auth: "bm8gY29sb24=" } } });
    expect(await copied(path)).toBe("denied");

    const run = await push("--config", path, "--restart-kubelet");
    expect(results(run), run.stderr).toEqual({ [node]: "updated" });
    expect(run.stderr).toContain("PC610 left out bad.example.com: its auth holds no colon");
    expect(await verify()).toBe("pulled");
  });

  it("an identity token that this registry can't exchange: push refuses with a command, which works", async () => {
    const path = await source({ auths: { [host]: { identitytoken: `token-${password}` } } });
    expect(await copied(path)).toBe("denied");

    const refused = await push("--config", path);
    expect(refused.code).toBe(6);
    expect(JSON.parse(refused.stdout)).toMatchObject({ kind: "Error" });
    const told = `pullcast push --registry ${host} --username USER --password-stdin`;
    expect(refused.stderr).toContain(told);
    expect(refused.stderr).not.toContain(password);

    const flags = ["--registry", host, "--username", username, "--password-stdin"];
    const run = await pushWith(`${password}\n`, ...flags, "--restart-kubelet");
    expect(results(run), run.stderr).toEqual({ [node]: "updated" });
    expect(await verify()).toBe("pulled");
  });
});

describe("--from-secret", () => {
  /** `data` is one key and the object that becomes its value. */
  const create = async (name: string, type: string, data: Readonly<Record<string, object>>) => {
    const [[key, file] = ["", {}]] = Object.entries(data);
    const what = ["create", "secret", "generic", name, "--namespace=default", `--type=${type}`];
    await bed.run([...what, `--from-file=${key}=${await source(file)}`]);
  };

  it("takes both types of registry credentials, merged with a file, and changes neither", async () => {
    await create("robot", "kubernetes.io/dockerconfigjson", {
      ".dockerconfigjson": { auths: { [host]: { auth } } },
    });
    await create("legacy", "kubernetes.io/dockercfg", { ".dockercfg": { "old.io": { auth } } });
    const path = await source({ auths: { [host]: { auth: "eDp5" }, "b.io": { auth } } });
    const before = await bed.run(["get", "secrets", "--output=json"]);
    const run = await push(
      ...["--config", path, "--from-secret", "default/robot", "--from-secret=default/legacy"],
      ...["--except", "b.io", "--restart-kubelet"],
    );
    expect(results(run), run.stderr).toEqual({ [node]: "updated" });
    const { content = "" } = (await readNodeFile(bed, node)) ?? {};
    expect(JSON.parse(content)).toEqual({ auths: { [host]: { auth }, "old.io": { auth } } });
    expect(run.stderr).toContain("PC633 left out as asked: b.io");
    expect(await bed.run(["get", "secrets", "--output=json"])).toEqual(before);
    expect(await verify()).toBe("pulled");
    await bed.run(["delete", "secret", "robot", "legacy"]);
  });

  it("names a Secret that isn't there, one of another type, and a user who may not read it", async () => {
    await create("opaque", "Opaque", { password: { password } });
    const opaque = await push("--from-secret", "default/opaque");
    expect([opaque.code, opaque.stderr]).toEqual([
      6,
      expect.stringContaining(
        "PC631: the Secret holds no registry credentials: secret default/opaque is of the type Opaque",
      ),
    ]);
    expect(opaque.stderr).not.toContain(password);
    const none = await push("--from-secret", "default/none");
    expect([none.code, none.stderr]).toEqual([6, expect.stringContaining("PC630: ")]);
    const denied = await push("--from-secret", "default/opaque", "--as", "nobody");
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/kubectl .*--as=nobody auth can-i get secret\/opaque -n default/);
    await bed.run(["delete", "secret", "opaque"]);
  });
});
