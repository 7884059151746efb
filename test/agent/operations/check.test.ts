import { mkdtemp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { CheckItem } from "../../../agent/model.ts";
import { check } from "../../../agent/operations/check.ts";
import type { CheckOptions } from "../../../agent/operations/options.ts";
import { makeArena } from "../../rig/arena.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { optionsFor } from "../../rig/transport.ts";
import { stubKubectl } from "../cluster/stub-kubectl.ts";
import { connectProxy } from "../registry/connect-proxy.ts";
import type { HttpsRig } from "../registry/https-rig.ts";
import { scriptedRegistry } from "../registry/scripted-registry.ts";

const PASSWORD = "Canary-41f0-pass";

let sshd: Sshd;
// Where root alone may write, as on a node.
const arena = makeArena();
const { dir } = arena;
let registry: HttpsRig;
beforeAll(async () => {
  sshd = await startSshd();
  const may = { "team/app": ["pull"] };
  registry = await scriptedRegistry({
    users: {
      puller: { password: PASSWORD, may },
      pusher: { password: PASSWORD, may: { "team/app": ["pull", "push"] } },
      nobody: { password: PASSWORD, may: {} },
    },
  });
});
afterAll(async () => {
  await registry?.close();
  await sshd?.stop();
  arena.remove();
});

const stubs: { remove(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

const entry = (user: string, password = PASSWORD) => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});

interface World {
  readonly auths?: Readonly<Record<string, object>>;
  readonly source?: string;
  readonly kubectl?: string;
  readonly options?: Partial<CheckOptions>;
}

const NO_KUBECTL = "/nonexistent/kubectl";
const here = () => `node-1=127.0.0.1:${sshd.port}`;

/** A check with a real sshd and a scripted registry; by default without a cluster. */
async function checked({ auths, source, kubectl = NO_KUBECTL, options }: World = {}) {
  const home = await mkdtemp(join(dir, "home-"));
  const root = await mkdtemp(join(dir, "root-"));
  const config = join(home, "config.json");
  await writeFile(config, source ?? JSON.stringify({ auths: auths ?? {} }), { mode: 0o600 });
  const report = await check({
    kubectl: { program: kubectl },
    selection: { names: [], exclude: [], address: "auto", hosts: [here()] },
    signal: new AbortController().signal,
    report: () => undefined,
    stateDir: home,
    ssh: optionsFor(sshd),
    concurrency: 4,
    replace: false,
    path: root,
    source: {
      inputs: [{ type: "file", path: config }],
      env: {},
      homeDir: home,
      readStdin: async () => new Uint8Array(),
    },
    registryCa: registry.caFile,
    ...options,
  });
  expect(JSON.stringify(report)).not.toContain(PASSWORD);
  return { report, root };
}

const lines = (items: readonly CheckItem[], group: CheckItem["group"]) =>
  items.filter((item) => item.group === group);
/** The test's directory is no kubelet's: that is told as well. */
const NODE_OK = ["node-1 ok PC000", "node-1 warning PC319"];
const short = ({ name, result, code }: CheckItem) => `${name} ${result} ${code}`;

test("all is well: each group has its line, and nothing is written on the node", async () => {
  const { report, root } = await checked({
    auths: { [registry.host]: entry("puller") },
    options: { image: `${registry.host}/team/app:1` },
  });
  expect(report).toMatchObject({ kind: "CheckReport", interrupted: false });
  expect(report.items.filter(({ result }) => result === "failed")).toEqual([]);
  expect(lines(report.items, "ssh").map(short)).toEqual(NODE_OK);
  expect(lines(report.items, "ssh")[0]?.message).toContain(join(root, "config.json"));
  expect(lines(report.items, "registry").map(short)).toEqual([
    `${registry.host} ok PC000`,
    `${registry.host}/team/app:1 ok PC000`,
  ]);
  expect(await readdir(root)).toEqual([]);
});

test("one bad thing never hides another: no node answers, the source is torn, the CA is good", async () => {
  const { report } = await checked({
    source: `{"auths": {`,
    options: { ssh: { ...optionsFor(sshd), knownHosts: [join(dir, "none")] } },
  });
  expect(lines(report.items, "ssh").map(short)).toEqual(["node-1 failed PC211"]);
  expect(lines(report.items, "source").map(short)).toEqual(["credentials failed PC603"]);
  expect(lines(report.items, "registry").map(short)).toEqual(["credentials not-tried PC433"]);
});

test("a file of others on the node is told before a push meets it, and --replace answers it", async () => {
  const root = await mkdtemp(join(dir, "root-"));
  await writeFile(join(root, "config.json"), "{}");
  const auths = { [registry.host]: entry("puller") };
  const told = async (replace: boolean) => {
    const { report } = await checked({ auths, options: { path: root, replace } });
    return lines(report.items, "ssh").map(short);
  };
  expect(await told(false)).toEqual(["node-1 failed PC301"]);
  expect(await told(true)).toEqual(NODE_OK);
});

test("each credential has its own verdict", async () => {
  const gone = "127.0.0.1:1";
  const { report } = await checked({
    auths: {
      [registry.host]: entry("puller", "wrong"),
      [`${registry.host}/team`]: entry("puller"),
      "*.example.com": entry("puller"),
      [gone]: entry("puller"),
    },
  });
  expect(lines(report.items, "registry").map(short).sort()).toEqual(
    [
      `${registry.host} failed PC430`,
      `${registry.host}/team ok PC000`,
      "*.example.com not-tried PC433",
      `${gone} warning PC432`,
    ].sort(),
  );
});

test.each([
  // It may push: a warning.
  ["pusher", "team/app:1", ["warning PC434", "ok PC000"]],
  // It may not pull the image.
  ["nobody", "team/app:1", ["failed PC401"]],
  // The image is not there.
  ["puller", "team/app:2", ["ok PC000", "failed PC404"]],
])("the credential %s and the image %s: %j", async (user, image, expected) => {
  const { report } = await checked({
    auths: { [registry.host]: entry(user) },
    options: { image: `${registry.host}/${image}` },
  });
  const told = lines(report.items, "registry").map(({ result, code }) => `${result} ${code}`);
  expect(told).toEqual(expect.arrayContaining(expected));
});

test("the kubelet goes on to the next credential: a refusal before one that pulls is no failure", async () => {
  const { report } = await checked({
    auths: { [`${registry.host}/team/app`]: entry("nobody"), [registry.host]: entry("puller") },
    options: { image: `${registry.host}/team/app:1` },
  });
  const told = lines(report.items, "registry").map(short);
  expect(told).toContain(`${registry.host}/team/app warning PC401`);
  expect(told).toContain(`${registry.host}/team/app:1 ok PC000`);
});

test("an image that no credential serves", async () => {
  const { report } = await checked({
    auths: { [registry.host]: entry("puller") },
    options: { image: "other.example.com/team/app:1" },
  });
  expect(lines(report.items, "registry").map(short)).toContain(
    "other.example.com/team/app:1 failed PC436",
  );
});

test("registries are asked through the environment's proxy", async () => {
  const named = await scriptedRegistry({
    names: ["reg.example"],
    users: { puller: { password: PASSWORD, may: {} } },
  });
  const proxy = await connectProxy({ routes: { "reg.example:443": named.port } });
  try {
    const { report } = await checked({
      auths: { "reg.example": entry("puller") },
      options: { registryCa: named.caFile, env: { HTTPS_PROXY: proxy.url, NO_PROXY: "other" } },
    });
    expect(lines(report.items, "registry").map(short)).toEqual(["reg.example ok PC000"]);
    expect(new Set(proxy.tunnels.map(({ authority }) => authority))).toEqual(
      new Set(["reg.example:443"]),
    );
  } finally {
    await proxy.close();
    await named.close();
  }
});

/** A stub of kubectl, since a real API server answers as told only in the cluster tests. */
async function stubbedCluster(
  allowed: (verb: string, resource: string) => boolean,
  nodes = "",
): Promise<string> {
  const stub = await stubKubectl(`
    const allowed = ${allowed.toString()};
    if (args[0] === "config") {
      console.log(JSON.stringify({ name: "stub", context: { namespace: "team" } }));
      console.log(JSON.stringify({ cluster: { server: "https://stub:6443" } }));
    } else if (args[0] === "get") {
      process.stdout.write(${JSON.stringify(nodes)});
    } else {
      const http = require("node:http");
      const path = args.find((arg) => arg.startsWith("--unix-socket=")).slice(14);
      http.createServer((request, response) => {
        response.setHeader("Content-Type", "application/json");
        if (request.url === "/version") return response.end('{"gitVersion":"v1.99.0"}');
        let text = "";
        request.on("data", (chunk) => { text += chunk; }).on("end", () => {
          const { verb, resource, subresource, namespace } = JSON.parse(text).spec.resourceAttributes;
          const name = subresource ? resource + "/" + subresource : resource;
          const fits = resource === "nodes" ? namespace === "" : namespace === "team";
          response.writeHead(201).end(JSON.stringify({ status: { allowed: fits && allowed(verb, name) } }));
        });
      }).listen(path, () => console.log("Starting to serve on " + path));
    }
  `);
  stubs.push(stub);
  return stub.program;
}

const NO_HOSTS = { selection: { names: [], exclude: [], address: "auto" } } as const;

test("what a user may not do is told by permission; verify's needs are failures only where an image is named", async () => {
  const kubectl = await stubbedCluster((verb) => verb !== "create");
  const rbac = async (image?: string) => {
    const options = { ...NO_HOSTS, ...(image === undefined ? {} : { image }) };
    const { report } = await checked({ kubectl, options });
    expect(report.context).toBe("stub");
    expect(lines(report.items, "kubectl").map(short)).toEqual([
      "context ok PC000",
      "API server ok PC000",
    ]);
    return lines(report.items, "rbac").filter(({ result }) => result !== "ok");
  };
  expect((await rbac()).map(short)).toEqual(["create pods warning PC130"]);
  const [failed] = await rbac(`${registry.host}/team/app:1`);
  expect(failed).toMatchObject({
    result: "failed",
    fix: expect.stringContaining("kubectl auth can-i create pods -n team"),
  });
});

test("a Secret that the credentials come from may be read, or that is told", async () => {
  const rbac = async (allowed: (verb: string, resource: string) => boolean) => {
    const inputs = [{ type: "secret", namespace: "team", name: "pull" }] as const;
    const source = { inputs, env: {}, homeDir: dir, readStdin: async () => new Uint8Array() };
    const kubectl = await stubbedCluster(allowed);
    const { report } = await checked({ kubectl, options: { ...NO_HOSTS, source } });
    return lines(report.items, "rbac").filter(({ name }) => name.includes("secrets"));
  };
  expect((await rbac(() => true)).map(short)).toEqual(["get secrets/pull ok PC000"]);
  expect(await rbac((_, resource) => resource !== "secrets")).toMatchObject([
    {
      result: "failed",
      code: "PC130",
      message: expect.stringContaining("in team, which push needs"),
    },
  ]);
});

test("no kubectl: its groups say so, the others go on", async () => {
  const { report } = await checked({
    auths: { [registry.host]: entry("puller") },
    options: NO_HOSTS,
  });
  expect(lines(report.items, "kubectl").map(short)).toEqual(["context failed PC101"]);
  expect(lines(report.items, "rbac").map(short)).toEqual(["permissions not-tried PC132"]);
  expect(lines(report.items, "nodes").map(short)).toEqual(["selection not-tried PC132"]);
  expect(lines(report.items, "ssh").map(short)).toEqual(["nodes not-tried PC132"]);
  expect(lines(report.items, "registry").map(short)).toEqual([`${registry.host} ok PC000`]);
});

test("nodes: not Ready is a warning, no address a failure, Windows is left out, none at all is told", async () => {
  const record = (name: string, fields: Partial<Record<"os" | "ready" | "address", string>>) =>
    [
      name,
      `uid-${name}`,
      "{}",
      "{}",
      "{}",
      fields.address === undefined
        ? ""
        : JSON.stringify([{ type: "InternalIP", address: fields.address }]),
      JSON.stringify([{ type: "Ready", status: fields.ready ?? "True" }]),
      JSON.stringify({ operatingSystem: fields.os ?? "linux", machineID: "" }),
      "",
    ].join("\n");
  const nodes =
    record("down", { ready: "False", address: "192.0.2.1" }) +
    record("nowhere", {}) +
    record("win", { os: "windows", address: "192.0.2.2" });
  const kubectl = await stubbedCluster(() => true, nodes);
  const options = { ...NO_HOSTS, ssh: { ...optionsFor(sshd), identities: [join(dir, "none")] } };
  const { report } = await checked({ kubectl, options });
  expect(lines(report.items, "nodes").map(short)).toEqual([
    "down warning PC131",
    "nowhere failed PC112",
    "win warning PC115",
  ]);
  expect(lines(report.items, "ssh").map(short)).toEqual(["settings failed PC222"]);
  const none = await checked({ kubectl: await stubbedCluster(() => true), options });
  expect(lines(none.report.items, "nodes").map(short)).toEqual(["selection failed PC110"]);
});

test("a CA file that is none, or an image that is none, is refused before anything is asked", async () => {
  const config = join(dir, "no.pem");
  await writeFile(config, "hello");
  await expect(checked({ options: { registryCa: config } })).rejects.toMatchObject({
    code: "PC001",
  });
  await expect(checked({ options: { image: "Not An Image" } })).rejects.toMatchObject({
    code: "PC701",
  });
});

test("an abort ends it with its reason", async () => {
  const stop = new AbortController();
  const going = checked({
    auths: { [registry.host]: entry("puller") },
    options: {
      signal: stop.signal,
      report: (event) => {
        if (event.type === "checking") stop.abort(new Error("stopped"));
      },
    },
  });
  await expect(going).rejects.toThrow("stopped");
});
