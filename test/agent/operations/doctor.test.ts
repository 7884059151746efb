import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { doctor } from "../../../agent/operations/doctor.ts";
import type { DoctorOptions } from "../../../agent/operations/options.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor } from "../../rig/transport.ts";
import { type StubKubectl, stubKubectl } from "../cluster/stub-kubectl.ts";

// Where root alone may write, as on a node.
const arena = makeArena();
let node: Sshd;
let jump: Sshd;
beforeAll(async () => {
  [node, jump] = await Promise.all([startSshd({ hostKeyTypes: ["ed25519", "rsa"] }), startSshd()]);
});
afterAll(async () => {
  await Promise.all([node?.stop(), jump?.stop()]);
  arena.remove();
});

const stubs: StubKubectl[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

interface World {
  readonly hosts?: string;
  readonly ssh: SshOptions;
  readonly options?: Partial<DoctorOptions>;
}

async function diagnosed({ hosts, ssh, options }: World) {
  return await doctor({
    kubectl: { program: "/nonexistent/kubectl" },
    selection: {
      names: [],
      exclude: [],
      address: "auto",
      ...(hosts === undefined ? {} : { hosts: [hosts] }),
    },
    signal: NEVER,
    report: () => undefined,
    stateDir: arena.dir,
    ssh,
    concurrency: 4,
    replace: false,
    probe: false,
    ...options,
  });
}

let count = 0;

/** Options of a user with this ssh_config and a home without keys. */
async function configured(lines: readonly string[], more: Partial<SshOptions> = {}) {
  count += 1;
  const file = join(node.dir, `ssh_config-${count}`);
  await writeFile(file, `${lines.join("\n")}\n`);
  const config = { program: "ssh", file, options: [], homeDir: node.dir, env: {} };
  return { file, ssh: { identities: [], limits: LIMITS, config, version: "test", ...more } };
}

const throughJump = () => [
  "Host web",
  "  HostName 127.0.0.1",
  `  Port ${node.port}`,
  `  IdentityFile ${node.key}`,
  `  UserKnownHostsFile ${node.knownHosts}`,
  `  ProxyJump ${jump.user}@gate:${jump.port}`,
  "Host gate",
  "  HostName 127.0.0.1",
  `  IdentityFile ${jump.key}`,
  `  UserKnownHostsFile ${jump.knownHosts}`,
];

const connections = ({ log }: Sshd) => log().match(/Connection from/g)?.length ?? 0;

test("the way to an alias is told host by host, each setting with the line that says so, and nobody is connected to", async () => {
  const before = [connections(jump), connections(node)];
  const { file, ssh } = await configured(throughJump());
  const { items, ...run } = await diagnosed({ hosts: "web", ssh });
  expect(run).toMatchObject({ kind: "Diagnosis", probed: false, notices: [] });
  expect(items).toHaveLength(1);
  const [item] = items;
  expect(item).toMatchObject({ node: "web", result: "ready", problems: [] });
  expect(item?.transport).toBe("ssh2");
  const gateAt = `127.0.0.1:${jump.port}`;
  expect(item?.route.map(({ role, alias, address }) => [role, alias, address])).toEqual([
    ["jump", "gate", gateAt],
    ["node", "web", `127.0.0.1:${node.port} via ${gateAt}`],
  ]);
  const [gate, web] = item?.route ?? [];
  const by = (place: string) => ({ source: "ssh-config", place });
  expect(gate?.settings).toEqual(
    expect.arrayContaining([
      { name: "host", value: "127.0.0.1", ...by(`${file}:8`) },
      { name: "port", value: String(jump.port), ...by("ProxyJump") },
      { name: "user", value: jump.user, ...by("ProxyJump") },
      { name: "host key checking", value: "ask", source: "default" },
    ]),
  );
  expect(web?.settings).toEqual(
    expect.arrayContaining([
      { name: "port", value: String(node.port), ...by(`${file}:3`) },
      { name: "identities", value: node.key, ...by(`${file}:4`) },
      { name: "user", value: node.user, source: "default" },
      { name: "jump", value: `${jump.user}@gate:${jump.port}`, ...by(`${file}:6`) },
    ]),
  );
  expect(web?.keys).toEqual([{ key: expect.stringMatching(/^ED25519 SHA256:/), from: node.key }]);
  expect(web?.hostKey).toEqual({
    knownAs: `[127.0.0.1]:${node.port}`,
    checking: "ask",
    known: [
      { key: expect.stringMatching(/^ED25519 SHA256:/), place: `${node.knownHosts}:1` },
      { key: expect.stringMatching(/^RSA SHA256:/), place: `${node.knownHosts}:2` },
    ],
  });
  expect([connections(jump), connections(node)]).toEqual(before);
});

test("a flag goes before the configuration and is named; what only ssh can place is the configuration's all the same", async () => {
  const { ssh } = await configured(
    ["Match all", "User deploy", "IdentityAgent none", "StrictHostKeyChecking accept-new"],
    { port: node.port, identities: [node.key], knownHosts: [node.knownHosts] },
  );
  const { items } = await diagnosed({ hosts: "127.0.0.1", ssh });
  const settings = new Map(items[0]?.route[0]?.settings.map((one) => [one.name, one]));
  expect(settings.get("port")).toMatchObject({ source: "flag", place: "--ssh-port" });
  expect(settings.get("identities")).toMatchObject({ source: "flag", place: "-i" });
  expect(settings.get("known hosts")).toMatchObject({ source: "flag", place: "--known-hosts" });
  expect(settings.get("host")).toMatchObject({ source: "flag", place: "--hosts" });
  expect(settings.get("user")).toEqual({ name: "user", value: "deploy", source: "ssh-config" });
  expect(settings.get("host key checking")).toMatchObject({
    value: "accept-new",
    source: "ssh-config",
  });
});

test("what --ssh-option says is the flag's", async () => {
  const { ssh } = await configured([]);
  const config = { ...ssh.config, options: ["User=deploy"] };
  const { items } = await diagnosed({ hosts: "127.0.0.1", ssh: { ...ssh, config } });
  expect(items[0]?.route[0]?.settings).toContainEqual({
    name: "user",
    value: "deploy",
    source: "flag",
    place: "--ssh-option",
  });
});

test("an unknown host key, and a key that can't be offered, are told before anybody connects", async () => {
  const locked = join(node.dir, "locked");
  await makeKey(locked, { passphrase: "long and secret" });
  const empty = join(node.dir, "no-hosts");
  const lines = ["Host *", `  IdentityFile ${locked}`, "  IdentityAgent none"];
  const { ssh } = await configured(lines, { knownHosts: [empty] });
  const before = connections(node);
  const { items } = await diagnosed({ hosts: `127.0.0.1:${node.port}`, ssh });
  expect(items[0]).toMatchObject({ result: "failed", problems: [{ code: "PC211" }] });
  expect(items[0]?.problems[0]?.message).toContain(
    `${empty} has none for [127.0.0.1]:${node.port}`,
  );
  expect(items[0]?.route[0]).toMatchObject({ keys: [], hostKey: { known: [] } });
  expect(items[0]?.route[0]?.leftOut[0]).toContain(`${locked} was left out: `);

  const known = await diagnosed({
    hosts: `127.0.0.1:${node.port}`,
    ssh: { ...ssh, knownHosts: [node.knownHosts] },
  });
  expect(known.items[0]).toMatchObject({ result: "failed", problems: [{ code: "PC223" }] });
  expect(connections(node)).toBe(before);
});

test("a probe goes through the jump host up to a push's first write, tells each step and writes nothing", async () => {
  const { ssh } = await configured(throughJump());
  const root = arena.newDir();
  const { items } = await diagnosed({ hosts: "web", ssh, options: { probe: true, path: root } });
  const [item] = items;
  expect(item).toMatchObject({ result: "works" });
  const gate = `127.0.0.1:${jump.port}`;
  const steps = item?.steps ?? [];
  expect(steps.map(({ name, at = "" }) => `${name} ${at}`.trim())).toEqual([
    ...["connect", "host-key", "handshake", "auth"].map((name) => `${name} ${gate}`),
    ...["connect", "host-key", "handshake", "auth"].map(
      (name) => `${name} 127.0.0.1:${node.port} via ${gate}`,
    ),
    ...["exec", "sudo", "kubelet", "shell", "clock", "disk"],
  ]);
  expect(steps.every(({ result }) => result === "ok")).toBe(true);
  const said = (name: string) => steps.findLast((step) => step.name === name)?.message;
  expect(said("host-key")).toMatch(/^ED25519 SHA256:\S+, known$/);
  expect(said("auth")).toContain(node.key);
  expect(said("kubelet")).toBe(`${join(root, "config.json")}, as --path says`);
  expect(said("shell")).toMatch(/^\/bin\/sh is \/\S+$/);
  expect(said("clock")).toMatch(/, as this machine's$/);
  expect(said("disk")).toMatch(/^\d+ MiB free beside config.json$/);
  expect(await readdir(root)).toEqual([]);
});

test("a probe that fails tells the step and what was found there, after all that went well", async () => {
  const forced = await startSshd({ keyOptions: `command="echo not for you; exit 3"` });
  try {
    const hosts = `127.0.0.1:${forced.port}`;
    const options = { probe: true };
    const refused = await diagnosed({ hosts, ssh: optionsFor(forced), options });
    expect(refused.items[0]).toMatchObject({ result: "failed", problems: [{ code: "PC225" }] });
    expect(refused.items[0]?.steps?.at(-1)).toMatchObject({
      name: "shell",
      result: "failed",
      code: "PC225",
      message: expect.stringContaining("not for you"),
    });
    const ssh = optionsFor(forced, { knownHosts: [join(forced.dir, "none")] });
    const unknown = await diagnosed({ hosts, ssh, options });
    expect(unknown.items[0]?.steps?.map(({ name, result }) => `${name} ${result}`)).toEqual([
      "connect ok",
      "host-key failed",
    ]);
    expect(unknown.items[0]?.problems[0]?.message).toMatch(/it offers ED25519 SHA256:/);
  } finally {
    await forced.stop();
  }
});

test("a certificate that has expired or is another user's is told before anybody connects", async () => {
  const [ca, key] = [join(node.dir, "ca"), join(node.dir, "certified")];
  await Promise.all([makeKey(ca), makeKey(key)]);
  const sign = ["-q", "-s", ca, "-I", "ada", "-n", "core", "-V", "20200101000000Z:20200102000000Z"];
  await promisify(execFile)("ssh-keygen", [...sign, `${key}.pub`]);
  const ssh = { ...optionsFor(node, { identities: [key] }), user: "core" };
  const { items } = await diagnosed({ hosts: `127.0.0.1:${node.port}`, ssh });
  expect(items[0]?.route[0]?.certificates).toEqual([
    {
      keyId: "ada",
      from: `${key}-cert.pub`,
      principals: ["core"],
      validBefore: "2020-01-02T00:00:00.000Z",
    },
  ]);
  const [problem] = items[0]?.problems ?? [];
  expect(problem).toMatchObject({ code: "PC269", severity: "warning" });
  expect(problem?.message).toMatch(
    /certificate "ada" expired \d+ days ago \(valid until 2020-01-02T00:00:00.000Z\)/,
  );
  expect(problem?.fix).toContain("tsh login");
});

/** One node as our kubectl call prints it. */
function nodeLines(name: string, addresses: readonly object[], os = "linux"): string {
  const labels = { "kubernetes.io/os": os };
  const info = { operatingSystem: os };
  const fields = [labels, {}, {}, addresses, [], info].map((field) => JSON.stringify(field));
  return [name, `uid-${name}`, ...fields, ""].join("\n");
}

test("nodes of a cluster: the kind of address is told, one without an address fails, Windows is skipped", async () => {
  const lines = [
    nodeLines("a", [{ type: "InternalIP", address: "192.0.2.1" }]),
    nodeLines("b", []),
    nodeLines("c", [{ type: "InternalIP", address: "192.0.2.3" }], "windows"),
  ].join("");
  const stub = await stubKubectl(`
    if (args[0] === "get") process.stdout.write(${JSON.stringify(lines)});
    else console.log('{"name":"stub","context":{}}\\n{"cluster":{}}');
  `);
  stubs.push(stub);
  const { items } = await diagnosed({
    ssh: { ...optionsFor(node), knownHosts: [join(node.dir, "none")] },
    options: { kubectl: { program: stub.program } },
  });
  expect(
    items.map(({ node: name, result, problems }) => `${name} ${result} ${problems[0]?.code}`),
  ).toEqual(["a failed PC211", "b failed PC112", "c skipped PC115"]);
  expect(items[0]?.uid).toBe("uid-a");
  expect(items[0]?.route[0]?.settings).toContainEqual({
    name: "host",
    value: "192.0.2.1",
    source: "node",
    place: "InternalIP",
  });
});

test("what the command line names and can't be used ends the run", async () => {
  const ssh = optionsFor(node, { identities: [join(node.dir, "no-such-key")] });
  await expect(diagnosed({ hosts: "127.0.0.1", ssh })).rejects.toMatchObject({ code: "PC222" });
});
