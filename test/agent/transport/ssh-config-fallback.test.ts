import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { createHostResolver } from "../../../agent/transport/resolve-host.ts";
import { readSshConfig } from "../../../agent/transport/ssh-config-fallback.ts";
import type { SshConfig, SshOptions } from "../../../agent/transport/transport.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, targetOf } from "../../rig/transport.ts";

/** No ssh on the PATH. */
const MISSING = "/nonexistent/ssh";

let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-no-ssh-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  count += 1;
  const file = join(dir, `config-${count}`);
  await writeFile(file, text);
  return file;
}

function configOf(file: string, changes: Partial<SshConfig> = {}): SshConfig {
  // ssh takes the home directory from the password file: the comparison needs the same.
  const { homedir: homeDir } = userInfo();
  return { program: MISSING, file, options: [], homeDir, env: { SOCK: "/env/agent" }, ...changes };
}

function optionsWith(config: SshConfig): SshOptions {
  return {
    identities: [],
    defaultIdentities: ["/default/id"],
    defaultKnownHosts: { user: ["/default/known"], global: ["/etc/default/known"] },
    agentSocket: "/default/agent",
    limits: LIMITS,
    config,
  };
}

/** What ssh said word for word, and how it was asked, differs. */
async function route(config: SshConfig, alias: string) {
  const { host, jumps } = await createHostResolver(optionsWith(config)).routeTo(targetOf(alias));
  return [...jumps, host].map(({ system, ...settings }) => {
    if (system === undefined) return settings;
    const { config: _config, answer: _answer, ...rest } = system;
    return { ...settings, system: rest };
  });
}

/** Configurations of the kinds that people write, and names to ask about. */
const CONFIGS: readonly (readonly [what: string, text: string, ...aliases: string[]])[] = [
  ["nothing", "", "web", "10.0.0.1", "WEB.Example"],
  ["a host", "Host web\n  HostName 192.0.2.7\n  User deploy\n  Port 2222\n", "web", "WEB", "webx"],
  [
    "defaults after hosts, where the first value counts",
    "Host web\n  User one\nHost w*\n  User two\n  Port 24\nHost *\n  User all\n  Port 25\n  IdentityFile ~/.ssh/all\n",
    ...["web", "wood", "other"],
  ],
  ["defaults before hosts win", "User first\nPort 23\nHost web\n  User second\n  Port 24\n", "web"],
  [
    "negation",
    "Host *.corp !db.corp\n  User a\nHost !x.corp *.corp\n  Port 29\n",
    "web.corp",
    "db.corp",
    "x.corp",
    "y",
  ],
  [
    "patterns",
    "Host w?b *-1\n  User a\nHost 10.0.?.*\n  User b\n",
    "web",
    "wb",
    "gpu-1",
    "10.0.3.77",
    "10.0.33.7",
  ],
  ["several names", 'Host one two "three"\n  User abc\n', "one", "two", "three", "four"],
  ["only a negation", "Host !web\n  User a\n", "web", "other"],
  ["the form with =", "Host=web\n  User=deploy\nPort = 2222\n  HostName =192.0.2.3\n", "web"],
  [
    "quotes",
    'Host "web"\n  User "deploy"\n  IdentityFile "/keys/my key"\n  HostName "192.0.2.9"\n',
    "web",
  ],
  [
    "repeated IdentityFile, some of them twice",
    "IdentityFile ~/a\nHost web\n  IdentityFile ~/b\n  IdentityFile /c/%h-%r\n  IdentityFile ~/a\nHost *\n  IdentityFile ~/d\n",
    "web",
    "x",
  ],
  ["IdentityFile none", "Host web\n  IdentityFile none\n  IdentitiesOnly yes\n", "web"],
  [
    "tokens",
    "Host web\n  HostName %h.example.com\n  User u\n  IdentityFile ~/.ssh/%r@%h:%p\n  UserKnownHostsFile ~/kh-%k /x/%n\n",
    "web",
    "a",
  ],
  ["percent itself", "Host web\n  HostName %%h%h\n", "web"],
  [
    "known hosts",
    "Host a\n  UserKnownHostsFile /k1 /k2\n  GlobalKnownHostsFile none\nHost b\n  UserKnownHostsFile none\n",
    "a",
    "b",
    "c",
  ],
  [
    "aliases of keys",
    "Host a\n  HostKeyAlias key.of.a\n  StrictHostKeyChecking accept-new\n",
    "a",
    "b",
  ],
  [
    "checking by other words",
    "Host a\n  StrictHostKeyChecking no\nHost b\n  StrictHostKeyChecking off\nHost c\n  StrictHostKeyChecking ask\nHost d\n  StrictHostKeyChecking yes\n",
    "a",
    "b",
    "c",
    "d",
  ],
  [
    "capitals of keywords and words",
    "hOsT web\n  hostname 192.0.2.1\n  IDENTITIESONLY YES\n  USER Up\n",
    "web",
  ],
  [
    "agents",
    "Host a\n  IdentityAgent none\nHost b\n  IdentityAgent /run/x\nHost c\n  IdentityAgent $SOCK\nHost d\n  IdentityAgent SSH_AUTH_SOCK\nHost e\n  IdentityAgent ~/agent\n",
    "a",
    "b",
    "c",
    "d",
    "e",
  ],
  [
    "jumps",
    "Host web\n  ProxyJump jump\nHost jump\n  HostName 192.0.2.4\n  User j\n  Port 99\n",
    "web",
    "jump",
  ],
  [
    "chains of jumps",
    "Host web\n  ProxyJump u@one:23,two\nHost two\n  HostName 192.0.2.5\nHost one\n  ProxyJump zero\n",
    "web",
  ],
  [
    "no jump for the jump",
    "Host jump\n  ProxyJump none\nHost *\n  ProxyJump jump\n",
    "web",
    "jump",
  ],
  ["a command called none before a jump", "ProxyCommand none\nHost web\n  ProxyJump jump\n", "web"],
  ["a jump before a command", "Host web\n  ProxyJump jump\n  ProxyCommand nc %h %p\n", "web"],
  [
    "comments, tabs and blank lines",
    "# top\n\n\tHost\tweb\n\n   # in\n\t  User\tx\n  Port 26 # behind\n\n",
    "web",
  ],
  ["lines ended as on Windows", "Host web\r\n  User deploy\r\n  Port 2222\r\n", "web"],
  ["no last line end", "Host web\n  User deploy", "web"],
  [
    "what pullcast does not read",
    "Host web\n  ForwardAgent yes\n  ServerAliveInterval 5\n  LocalForward 80 localhost:80\n  User x\n",
    "web",
  ],
  ["CanonicalizeHostname no", "CanonicalizeHostname no\nHost web\n  User x\n", "web"],
];

describe("without ssh, pullcast resolves a host as with it", () => {
  test.each(CONFIGS.map(([what, text, ...aliases]) => ({ what, text, aliases })))(
    "$what",
    async ({ text, aliases }) => {
      const file = await fileWith(text);
      for (const alias of aliases) {
        const bySsh = await route(configOf(file, { program: "ssh" }), alias);
        expect(await route(configOf(file), alias), alias).toEqual(bySsh);
      }
    },
  );

  test("-o settings, which are stronger than the file", async () => {
    const file = await fileWith("Host *\n  User deploy\n  Port 2222\n  IdentityFile ~/f\n");
    const options = ["User=core", "IdentityFile=~/o", "UserKnownHostsFile=/a /b"];
    const bySsh = await route(configOf(file, { program: "ssh", options }), "web");
    expect(await route(configOf(file, { options }), "web")).toEqual(bySsh);
    expect(bySsh.at(-1)).toMatchObject({
      user: "core",
      port: 2222,
      knownHosts: ["/a", "/b", "/etc/default/known"],
    });
  });
});

describe("what only ssh can tell is refused with its place, never guessed", () => {
  test.each([
    ["Include", "User a\nInclude conf.d/*\n", ":2: Include"],
    ["Include below a host", "Host x\n  Include more\n", ":2: Include"],
    ["Match", "Host x\n  User a\n\n\nMatch host y\n  User b\n", ":5: Match"],
    ["Match exec, which is not run", 'Match exec "touch %d/ran"\n  User b\n', ":1: Match"],
    ["single quotes", "User 'a b'\n", ":1: quotes or marks in User"],
    ["a backslash", "# c\nUser a\\ b\n", ":2: quotes or marks in User"],
    ["a quote inside a word", 'User a"b"\n', ":1: quotes or marks in User"],
    ["a quote without its end", 'User "ab\n', ":"],
    ["two values", "IdentityFile /a /b\n", ":1: more than one value of IdentityFile"],
    ["a # inside a word", "User a#b\n", ":1: quotes or marks in User"],
    ["a keyword without a value", "User\nPort 22\n", ":"],
    ["an = in a list", "UserKnownHostsFile /a=b\n", ":1: = in UserKnownHostsFile"],
  ])("%s", async (_what, text, place) => {
    const file = await fileWith(text);
    const resolver = createHostResolver(optionsWith(configOf(file)));
    await expect(resolver.prepare()).rejects.toMatchObject({
      code: "PC266",
      detail: expect.stringContaining(`${file}${place}`),
      fix: expect.stringMatching(/install ssh .*--ssh-config none/),
    });
  });

  test.each([
    ["ProxyCommand", "Host web\n  ProxyCommand nc 'a b' %h %p\n", "ProxyCommand"],
    ["CanonicalizeHostname", "Host web\n  CanonicalizeHostname yes\n", "CanonicalizeHostname yes"],
    ["a service for a port", "Host web\n  Port ssh\n", "Port ssh"],
    ["tokens ssh may know", "Host web\n  HostName %L\n", "HostName %L"],
    [
      "a file with a space among known hosts",
      'Host web\n  UserKnownHostsFile "/a b"\n',
      "a space in",
    ],
    ["an unknown word", "Host web\n  StrictHostKeyChecking maybe\n", "StrictHostKeyChecking maybe"],
  ])("%s, for the host that has it alone", async (_what, text, words) => {
    const file = await fileWith(text);
    const resolver = createHostResolver(optionsWith(configOf(file)));
    await resolver.prepare();
    expect((await resolver.routeTo(targetOf("other"))).host.host).toBe("other");
    await expect(resolver.routeTo(targetOf("web"))).rejects.toMatchObject({
      code: "PC266",
      detail: expect.stringContaining(`${file}:2: ${words}`),
    });
  });
});

test("settings that are not read are told once, by name", async () => {
  const text =
    "ForwardAgent yes\nHost a\n  Ciphers x\n  forwardagent no\nHost b\n  User u\n  Weird 'it\\s\n";
  const resolver = createHostResolver(optionsWith(configOf(await fileWith(text))));
  expect(await resolver.prepare()).toEqual([
    {
      code: "PC267",
      message:
        "ssh is not there, and some of its settings are ignored: ForwardAgent, Ciphers, Weird",
    },
  ]);
  const silent = createHostResolver(optionsWith(configOf(await fileWith("Host a\n  User u\n"))));
  expect(await silent.prepare()).toEqual([]);
  const asked = configOf(await fileWith("ForwardAgent yes\n"), { program: "ssh" });
  expect(await createHostResolver(optionsWith(asked)).prepare()).toEqual([]);
});

test("each value's place is known", async () => {
  const text =
    "# c\n\nHost b\n  User b\nHost a\n\n  # x\n  User a\n  Port 2\nHost *\n  User all\n  HostName h\n";
  const file = await fileWith(text);
  const reader = await readSshConfig(configOf(file, { options: ["Port=3"] }));
  const places = (alias: string) =>
    ["user", "port", "hostname", "proxyjump"].map((keyword) => reader.placeOf(alias, keyword));
  expect(places("a")).toEqual([`${file}:8`, "-o", `${file}:12`, undefined]);
  expect(places("c")).toEqual([`${file}:11`, "-o", `${file}:12`, undefined]);
});

test("a file given by flag must be there; others' files are not read", async () => {
  await expect(readSshConfig(configOf("/nonexistent/config"))).rejects.toMatchObject({
    code: "PC235",
    detail: "/nonexistent/config: it can't be read (ENOENT)",
  });
  expect((await readSshConfig(configOf("none"))).answer("a").get("port")).toEqual(["22"]);
});

describe("a login without ssh", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  test("follows the configuration: address, port, key, known hosts", async () => {
    const home = join(dir, "home");
    await mkdir(home);
    const file = await fileWith(
      [
        "Host the-node",
        `  HostName ${sshd.host}`,
        `  Port ${sshd.port}`,
        `  User ${sshd.user}`,
        `  IdentityFile ${sshd.key}`,
        `  UserKnownHostsFile ${sshd.knownHosts}`,
        "  GlobalKnownHostsFile none",
        "",
      ].join("\n"),
    );
    await chmod(file, 0o600);
    const config = configOf(file, { homeDir: home });
    const options: SshOptions = { identities: [], limits: LIMITS, config };
    const transport = await createTransport(options);
    try {
      const session = await transport.open(targetOf("the-node"), NEVER);
      expect(session.hostKeyFingerprint).toMatch(/^SHA256:/);
    } finally {
      await transport.close();
    }
  });
});
