import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BY_TEMPLATE, type ClusterNode, type Target } from "../../../agent/model.ts";
import { createHostResolver, type HostResolver } from "../../../agent/transport/resolve-host.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { LIMITS, targetOf } from "../../rig/transport.ts";

let home: string;
let ssh: string;
let count = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pullcast-resolve-"));
  await mkdir(join(home, ".ssh"), { mode: 0o700 });
  // The real ssh, with a line in a log for each time it is asked: whom about.
  ssh = join(home, "ssh");
  await writeFile(
    ssh,
    `#!/bin/sh\nfor name; do :; done\necho "$name" >> '${home}/log'\nexec ssh "$@"\n`,
  );
  await chmod(ssh, 0o755);
});
afterAll(() => rm(home, { recursive: true }));

/** Options as the command line makes them, with `text` as the user's ssh_config. */
async function configured(text: string, changes: Partial<SshOptions> = {}): Promise<SshOptions> {
  count += 1;
  const file = join(home, ".ssh", `config-${count}`);
  await writeFile(file, text);
  await writeFile(join(home, "log"), "");
  return {
    identities: [],
    defaultIdentities: ["/default/id"],
    defaultKnownHosts: { user: ["/default/known"], global: ["/etc/default/known"] },
    agentSocket: "/default/agent",
    limits: LIMITS,
    config: { program: ssh, file, options: [], homeDir: home, env: { SOCK: "/env/agent" } },
    ...changes,
  };
}

async function settings(text: string, target: Target, changes: Partial<SshOptions> = {}) {
  return await settingsBy(createHostResolver(await configured(text, changes)), target);
}

async function settingsBy(resolver: HostResolver, target: Target) {
  return (await resolver.routeTo(target)).host;
}

/** How often ssh was asked. */
async function asked(): Promise<number> {
  return (await readFile(join(home, "log"), "utf8")).split("\n").length - 1;
}

function nodeTarget(name: string, host: string): Target {
  return { name, host, addressKind: "InternalIP", node: {} as ClusterNode };
}

test("nothing configured: our defaults, not ssh's", async () => {
  const { system: _system, ...told } = await settings("", targetOf("10.0.0.5"));
  expect(told).toEqual({
    host: "10.0.0.5",
    port: 22,
    user: userInfo().username,
    identities: [],
    configuredIdentities: [],
    defaultIdentities: ["/default/id"],
    identitiesOnly: false,
    agentSocket: "/default/agent",
    loginMethods: ["publickey", "keyboard-interactive", "password"],
    knownHosts: ["/default/known", "/etc/default/known"],
    hostKeyChecking: "ask",
  });
});

test("what the configuration says of an alias holds, with ~ and tokens expanded", async () => {
  const text = [
    "Host web",
    "  HostName 192.0.2.7",
    "  User deploy",
    "  Port 2222",
    "  IdentityFile ~/.ssh/%r-%p",
    "  IdentityFile ~/keys/%n.key",
    "  IdentitiesOnly yes",
    "  IdentityAgent $SOCK",
    "  PreferredAuthentications gssapi-with-mic,password,keyboard-interactive,publickey",
    "  KbdInteractiveAuthentication no",
    "  UserKnownHostsFile ~/known-a /known-b",
    "  GlobalKnownHostsFile none",
    "  HostKeyAlias web-key",
    "  StrictHostKeyChecking accept-new",
  ].join("\n");
  const { system: _system, ...told } = await settings(text, targetOf("web"));
  expect(told).toEqual({
    host: "192.0.2.7",
    port: 2222,
    user: "deploy",
    identities: [],
    configuredIdentities: [join(home, ".ssh/deploy-2222"), join(home, "keys/web.key")],
    defaultIdentities: [],
    identitiesOnly: true,
    agentSocket: "/env/agent",
    loginMethods: ["password", "publickey"],
    // ssh itself expands these, by the password file's home.
    knownHosts: [join(userInfo().homedir, "known-a"), "/known-b"],
    hostKeyAlias: "web-key",
    hostKeyChecking: "accept-new",
  });
});

test("a known_hosts file whose name has blanks is found, though ssh prints it without its quotes", async () => {
  const file = join(home, "known hosts of mine");
  await writeFile(file, "");
  const text = `UserKnownHostsFile /a "${file}" /b`;
  expect(await settings(text, targetOf("a"))).toMatchObject({
    knownHosts: ["/a", file, "/b", "/etc/default/known"],
  });
});

test("where no new host keys are kept all must be known, and none is added to the system's file", async () => {
  const text = "UserKnownHostsFile none\nStrictHostKeyChecking accept-new";
  expect(await settings(text, targetOf("a"))).toMatchObject({
    knownHosts: ["/dev/null", "/etc/default/known"],
    hostKeyChecking: "strict",
  });
});

test("ConnectTimeout holds, unless the flag gives another", async () => {
  const text = "Host a\n  ConnectTimeout 3\nHost b\n  ConnectTimeout none";
  expect(await settings(text, targetOf("a"))).toMatchObject({ connectMs: 3000 });
  expect(await settings(text, targetOf("a"), { connectMs: 50 })).toMatchObject({ connectMs: 50 });
  expect((await settings(text, targetOf("b"))).connectMs).toBeUndefined();
});

test("flags win over the configuration, a port given with the host over all", async () => {
  const text =
    "Host *\n  User deploy\n  Port 2222\n  StrictHostKeyChecking no\n  UserKnownHostsFile /x";
  const flags = {
    user: "root",
    port: 2200,
    knownHosts: ["/k"],
    hostKeyChecking: "strict",
  } as const;
  const expected = { user: "root", port: 2200, knownHosts: ["/k"], hostKeyChecking: "strict" };
  expect(await settings(text, targetOf("a"), flags)).toMatchObject(expected);
  expect(await settings(text, targetOf("a", 9), flags)).toMatchObject({ port: 9 });
  expect(await settings(text, targetOf("a", 9))).toMatchObject({ port: 9, user: "deploy" });
  expect(await settings(text, targetOf("a"))).toMatchObject({ hostKeyChecking: "accept-new" });
});

test("a way to log in that the configuration switches off is not used", async () => {
  const text = "Host a\n  PubkeyAuthentication no\nHost b\n  PasswordAuthentication no\n";
  expect(await settings(text, targetOf("a"))).toMatchObject({
    loginMethods: ["keyboard-interactive", "password"],
  });
  expect(await settings(text, targetOf("b"))).toMatchObject({
    loginMethods: ["publickey", "keyboard-interactive"],
  });
});

test("-o settings count, and -o is stronger than the file", async () => {
  const options = await configured("Host *\n  User deploy\n");
  const config = { ...options.config, options: ["User=core", "Port=24"] } as SshOptions["config"];
  const resolver = createHostResolver({ ...options, ...(config && { config }) });
  expect(await settingsBy(resolver, targetOf("a"))).toMatchObject({ user: "core", port: 24 });
});

test("a node is looked up by its name where the configuration is about that name, else by its address", async () => {
  const text =
    "Host worker-*\n  User byname\nHost 10.0.*\n  User byaddress\nHost named\n  HostName 192.0.2.1\n";
  const of = (name: string, host: string) => settings(text, nodeTarget(name, host));
  expect(await of("worker-1", "10.0.0.1")).toMatchObject({ user: "byname", host: "10.0.0.1" });
  expect(await of("gpu-1", "10.0.0.2")).toMatchObject({ user: "byaddress", host: "10.0.0.2" });
  expect(await of("named", "10.0.0.3")).toMatchObject({ host: "192.0.2.1" });
  const resolver = createHostResolver(await configured(text));
  for (const [name, known] of Object.entries({ "worker-7": true, named: true, other: false })) {
    expect(await resolver.isConfigured(name), name).toBe(known);
  }
});

test("a host that a template made is what ssh is asked about, whatever it knows of the node's name", async () => {
  const text = [
    "Host w-1\n  User byname\n  HostName 192.0.2.66",
    "Host w-1.prod.example.com\n  User byalias\n  HostName 192.0.2.1",
    "Host *.prod.example.com\n  User deploy\n  Port 2222",
  ].join("\n");
  const made = (name: string) => ({
    ...nodeTarget(name, `${name}.prod.example.com`),
    addressKind: BY_TEMPLATE,
  });
  const [own, other] = [await settings(text, made("w-1")), await settings(text, made("w-2"))];
  expect(own).toMatchObject({ host: "192.0.2.1", user: "byalias", port: 2222 });
  expect(other).toMatchObject({ host: "w-2.prod.example.com", user: "deploy", port: 2222 });
});

test("ssh is asked once for all hosts that the configuration treats alike", async () => {
  const text = "Host a*\n  User one\nHost !b7 b*\n  User two\n  HostName %h.example.com\n";
  const resolver = createHostResolver(await configured(`Include ${home}/.ssh/none-*\n${text}`));
  const names = Array.from({ length: 30 }, (_, index) => `c${index}`);
  const hosts = await Promise.all(names.map((name) => settingsBy(resolver, targetOf(name))));
  expect(hosts.map(({ host }) => host)).toEqual(names);
  expect(await asked()).toBe(1);
  const many = await Promise.all(
    ["a-one", "a-two", "a-three"].map((name) => settingsBy(resolver, targetOf(name))),
  );
  expect(many.map(({ user, host }) => `${user} ${host}`)).toEqual([
    "one a-one",
    "one a-two",
    "one a-three",
  ]);
  expect(await asked()).toBe(2);
  // A host name made of the alias can't be shared.
  const own = await Promise.all(
    ["b1", "b2", "b7"].map((name) => settingsBy(resolver, targetOf(name))),
  );
  expect(own.map(({ host }) => host)).toEqual(["b1.example.com", "b2.example.com", "b7"]);
  expect(await asked()).toBe(4);
});

test.each([
  ["what every distribution has", "Host *\n  SendEnv LANG\n  HashKnownHosts yes\n", [], 1],
  ["a name and a port", "Host web\n  HostName 192.0.2.1\n  Port=22\n", ["User=core"], 1],
  ["a way through another host", "Host web\n  ProxyJump gate\n", [], 1],
  ["a setting that has a default", "Host other\n  Ciphers aes256-ctr\n", [], 2],
  ["such a setting by flag", "", [" identityFile ~/.ssh/own"], 2],
  ["another name of such a setting", "Host *\n  IdentityFile2 /keys/own\n", [], 2],
  ["a keyword in quotes", 'Host *\n  "Ciphers" aes256-ctr\n', [], 2],
])("ssh is asked for its defaults only where they decide: %s", async (...row) => {
  const [, text, given, times] = row;
  const options = await configured(text);
  const config = options.config && { ...options.config, options: given };
  const resolver = createHostResolver({ ...options, ...(config && { config }) });
  await settingsBy(resolver, targetOf("web"));
  const about = (await readFile(join(home, "log"), "utf8")).split("\n");
  expect(about.filter((name) => name === "host.invalid")).toHaveLength(times);
});

test("another name of a setting, or one in quotes, counts as the setting", async () => {
  const key = await settings("Host *\n  IdentityFile2 /keys/own\n", targetOf("web"));
  expect(key.configuredIdentities).toEqual(["/keys/own"]);
  const quoted = await settings('Host *\n  "Ciphers" aes256-cbc\n', targetOf("web"));
  expect(quoted.system?.needs).toMatchObject([{ why: expect.stringContaining("Ciphers") }]);
  const named = await settings('"Host" web\n  User quoted\n', targetOf("web"));
  expect(named.user).toBe("quoted");
});

test("a file that only ssh knows of counts: one that is built elsewhere has its system's file elsewhere", async () => {
  const options = await configured("");
  const elsewhere = join(home, "elsewhere.conf");
  await writeFile(elsewhere, "Host web-2\n  User second\nHost *\n  Ciphers aes256-cbc\n");
  const program = join(home, "ssh-elsewhere");
  await writeFile(program, `#!/bin/sh\nexec ssh -F '${elsewhere}' "$@"\n`, { mode: 0o755 });
  const { file: _file, ...rest } = options.config as NonNullable<SshOptions["config"]>;
  const config = { ...rest, program, homeDir: userInfo().homedir };
  const resolver = createHostResolver({ ...options, config });
  const [one, two] = [
    await settingsBy(resolver, targetOf("web-1")),
    await settingsBy(resolver, targetOf("web-2")),
  ];
  expect([one.user, two.user]).toEqual([userInfo().username, "second"]);
  expect(one.system?.needs).toMatchObject([{ why: expect.stringContaining("Ciphers") }]);
});

test("an entry that takes any host key doesn't count for a node of a cluster: its name is others' choice", async () => {
  const text = "Host dev*\n  StrictHostKeyChecking no\n";
  const lax = { hostKeyChecking: "accept-new" } as const;
  expect(await settings(text, targetOf("dev1"))).toMatchObject(lax);
  const node = nodeTarget("dev1", "10.0.0.9");
  expect(await settings(text, node)).toMatchObject({ hostKeyChecking: "ask" });
  expect(await settings(text, node, lax)).toMatchObject(lax);
});

test("names of known_hosts are hashed where the configuration says so", async () => {
  const web = targetOf("web");
  expect(await settings("Host web\n  HashKnownHosts yes\n", web)).toMatchObject({
    hashKnownHosts: true,
  });
  expect(await settings("Host web\n  HashKnownHosts no\n", web)).not.toHaveProperty(
    "hashKnownHosts",
  );
});

test("a short name that stands in many values by chance is not configured", async () => {
  const resolver = createHostResolver(await configured("Host 10.0.*\n  User byaddress\n"));
  for (const name of ["a", "e", "no", "yes"]) {
    expect(await resolver.isConfigured(name), name).toBe(false);
    const route = await resolver.routeTo(nodeTarget(name, "10.0.0.2"));
    expect(route.host.user, name).toBe("byaddress");
  }
});

test("with Match, and in included files, ssh alone decides", async () => {
  const included = join(home, ".ssh", "more.conf");
  await writeFile(included, "Match host x*\n  User matched\n");
  const resolver = createHostResolver(await configured(`Include ${home}/.ssh/more.*\n`));
  const users = await Promise.all(
    ["x1", "x2", "y1"].map(async (name) => (await settingsBy(resolver, targetOf(name))).user),
  );
  expect(users).toEqual(["matched", "matched", userInfo().username]);
});

test("jump hosts are resolved one by one, the first with its own jumps, without the nodes' login name", async () => {
  const text = [
    "Host far",
    "  ProxyJump inner@b:2200,c",
    "Host b",
    "  HostName 192.0.2.2",
    "  User ignored",
    "  ProxyJump a",
    "Host c",
    "  User core",
    "  ProxyJump elsewhere",
    "Host *",
    "  ProxyJump none",
  ].join("\n");
  const resolver = createHostResolver(await configured(text, { user: "root", port: 9 }));
  const { host, jumps } = await resolver.routeTo(targetOf("far"));
  expect([host.user, host.port]).toEqual(["root", 9]);
  expect(jumps.map((jump) => `${jump.user}@${jump.host}:${jump.port}`)).toEqual([
    `${userInfo().username}@a:22`,
    "inner@192.0.2.2:2200",
    "core@c:22",
  ]);
});

test("a jump host that would be its own is refused in ssh's words, one of -o is for the nodes alone", async () => {
  const loop = createHostResolver(await configured("Host *\n  ProxyJump bastion\n"));
  await expect(loop.routeTo(targetOf("a"))).rejects.toMatchObject({
    code: "PC233",
    message: expect.stringContaining("loop via bastion"),
  });
  const options = await configured("");
  const config = { ...options.config, options: ["ProxyJump=bastion"] } as SshOptions["config"];
  const resolver = createHostResolver({ ...options, ...(config && { config }) });
  const { jumps } = await resolver.routeTo(targetOf("a"));
  expect(jumps.map((jump) => jump.host)).toEqual(["bastion"]);
});

test("ProxyCommand is what only the system's ssh can do", async () => {
  const text = "Host cmd\n  ProxyCommand nc %h %p\nHost near\n  ProxyCommand none\n";
  const { system } = await settings(text, targetOf("cmd"));
  expect(system?.needs).toEqual([{ why: "ssh's configuration has ProxyCommand", isVital: true }]);
  expect((await settings(text, targetOf("near"))).system?.needs).toEqual([]);
});

test("a broken configuration is the run's fault: told in ssh's words, with the command that shows it", async () => {
  const options = await configured("Host *\n  Nonsense yes\n");
  const file = options.config?.file;
  await expect(createHostResolver(options).prepare()).rejects.toMatchObject({
    code: "PC235",
    message: expect.stringMatching(/^ssh's configuration can't be used: .*nonsense/i),
    fix: `ssh -G -F ${file} localhost`,
  });
  // Whoever doesn't prepare gets it of the node asked for, and of no other.
  const resolver = createHostResolver(options);
  for (const name of ["first", "second"]) {
    await expect(resolver.routeTo(targetOf(name))).rejects.toMatchObject({
      code: "PC233",
      message: expect.stringContaining(`: ${name}: `),
      fix: `ssh -G -F ${file} ${name}`,
    });
  }
});

test("so are a file that is not there and an option that ssh does not know", async () => {
  const { config, ...options } = await configured("");
  if (config === undefined) throw new Error("no config");
  const refusal = (changes: Partial<typeof config>) =>
    createHostResolver({ ...options, config: { ...config, ...changes } }).prepare();
  await expect(refusal({ file: "/nope" })).rejects.toMatchObject({
    code: "PC235",
    fix: "ssh -G -F /nope localhost",
  });
  await expect(refusal({ options: ["Foo=a b"] })).rejects.toMatchObject({
    code: "PC235",
    fix: `ssh -G -F ${config.file} -o 'Foo=a b' localhost`,
  });
  await expect(refusal({})).resolves.toEqual([]);
});

test("a name that could be a flag or a command never reaches ssh", async () => {
  for (const name of ["-oProxyCommand=x", "a b", "$(x)", "a;b", ""]) {
    await expect(settings("", targetOf(name)), name).rejects.toMatchObject({ code: "PC233" });
    const about = (await readFile(join(home, "log"), "utf8")).split("\n").slice(0, -1);
    expect(about).not.toContain(name);
  }
  const resolver = createHostResolver(await configured(""));
  await resolver.routeTo(targetOf("good"));
  await expect(resolver.routeTo(targetOf("a b"))).rejects.toMatchObject({ code: "PC233" });
});

test("without the program pullcast reads the configuration, and knows whom it is about", async () => {
  const options = await configured("Host a\n  User deploy\n");
  const config = { ...options.config, program: join(home, "missing") } as SshOptions["config"];
  const resolver = createHostResolver({ ...options, ...(config && { config }) });
  expect(await settingsBy(resolver, targetOf("a"))).toMatchObject({ user: "deploy" });
  expect(await settingsBy(resolver, targetOf("b"))).toMatchObject({ user: userInfo().username });
  expect([await resolver.isConfigured("a"), await resolver.isConfigured("b")]).toEqual([
    true,
    false,
  ]);
});
