import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeRequest } from "../../../agent/operations/deliver.ts";
import { type CommandSpec, findCommand } from "../../../cli/commands/catalog.ts";
import type { Host } from "../../../cli/host.ts";
import {
  kubectlOptions,
  nodeRunOptions,
  proofOptions,
  restartOptions,
  trustOptions,
} from "../../../cli/options/engine-options.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";
import { clusterNode } from "../../agent/cluster/cluster-node.ts";

const HOST: Host = {
  program: "pullcast",
  version: "1.2.3",
  argv: [],
  env: {},
  homeDir: "/home/u",
  stdout: { write: () => {} },
  stderr: { write: () => {} },
  readStdin: () => Promise.resolve(Buffer.from("10.0.0.3\n")),
  onStop: () => () => {},
  loadEngine: () => Promise.reject(new Error("nothing is run")),
  exit: () => {},
};

async function parsed(name: string, ...argv: string[]) {
  return await parseArgv(findCommand(name) as CommandSpec, argv);
}

async function nodeRun(argv: readonly string[], host: Partial<Host> = {}) {
  const context = {
    host: { ...HOST, ...host },
    signal: new AbortController().signal,
    report: () => {},
  };
  return await nodeRunOptions(await parsed("push", ...argv), context);
}

test("defaults are those of ssh and of the XDG directories", async () => {
  const run = await nodeRun([]);
  expect(run).toMatchObject({
    stateDir: "/home/u/.local/state/pullcast",
    concurrency: 32,
    replace: false,
    kubectl: { program: "kubectl" },
    selection: { names: [], exclude: [], address: "auto" },
    ssh: {
      identities: [],
      defaultIdentities: [
        "/home/u/.ssh/id_ed25519",
        "/home/u/.ssh/id_ecdsa",
        "/home/u/.ssh/id_rsa",
      ],
      defaultKnownHosts: {
        user: ["/home/u/.ssh/known_hosts"],
        global: ["/etc/ssh/ssh_known_hosts"],
      },
      config: { program: "ssh", options: [], homeDir: "/home/u" },
      version: "1.2.3",
      limits: { connectMs: 10_000, execTotalMs: 120_000 },
    },
  });
  expect("hosts" in run.selection).toBe(false);
  // What is not given is left to ssh's configuration.
  for (const name of ["agentSocket", "user", "port", "knownHosts", "hostKeyChecking"]) {
    expect(name in run.ssh, name).toBe(false);
  }
  expect("path" in run).toBe(false);
});

test("--no-node-check tells programs on a node none of the ids that the cluster knows", async () => {
  const node = clusterNode({ machineId: "m1", systemUuid: "u1" });
  const target = { name: "n1", host: "10.0.0.1", addressKind: "InternalIP", node };
  const login = { run: "run-1", user: "root", nonce: "0123", target };
  const checked = nodeRequest(await nodeRun([]), login);
  expect(checked).toMatchObject({ machineId: "m1", systemUuid: "u1" });
  const unchecked = nodeRequest(await nodeRun(["--no-node-check"]), login);
  expect(Object.keys(unchecked)).not.toContain("machineId");
  expect(Object.keys(unchecked)).not.toContain("systemUuid");
});

test("trust pins in the state directory, or in files that the user names, which push reads as well", async () => {
  const usual = trustOptions((await parsed("trust")).options, HOST);
  expect(usual).toEqual({
    pinFile: "/home/u/.local/state/pullcast/known_hosts",
    replace: false,
    image: "docker.io/library/busybox:1.37",
    concurrency: 20,
    timeoutMs: 300_000,
  });
  const args = [
    "--known-hosts",
    "~/kh",
    "--replace",
    "--image",
    "r/i",
    "-n",
    "ns",
    "--timeout",
    "9s",
  ];
  const given = trustOptions((await parsed("trust", ...args)).options, HOST);
  expect(given).toMatchObject({
    knownHosts: ["/home/u/kh"],
    ...{ replace: true, image: "r/i", namespace: "ns", timeoutMs: 9000 },
  });
  expect((await nodeRun([])).ssh.pinFile).toBe(usual.pinFile);
  expect((await nodeRun(["--known-hosts", "~/kh"])).ssh.knownHosts).toEqual(given.knownHosts);
});

test("the environment names agent and state, a relative state directory is ignored", async () => {
  const env = { SSH_AUTH_SOCK: "/run/agent", XDG_STATE_HOME: "/state" };
  const run = await nodeRun([], { env });
  expect([run.ssh.agentSocket, run.stateDir]).toEqual(["/run/agent", "/state/pullcast"]);
  const relative = await nodeRun([], { env: { XDG_STATE_HOME: "state" } });
  expect(relative.stateDir).toBe("/home/u/.local/state/pullcast");
});

test("options arrive where they belong", async () => {
  const run = await nodeRun([
    "node/worker-1",
    "nodes/worker-*",
    ...["-l", "a=b", "--field-selector", "c=d", "--exclude", "x*", "--address", "InternalIP"],
    ...["--ssh-user", "admin", "--ssh-port", "2222", "-i", "~/key", "--known-hosts", "~/kh"],
    ...["--host-key-checking", "accept-new", "--concurrency", "7", "--connect-timeout", "3s"],
    ...["--ssh-config", "~/sc", "--ssh-option", "A=b c", "--ssh-option", "D=e"],
    ...["--ssh-host-template", "{name}.prod.example.com"],
    ...["--node-timeout", "1m", "--path", "/opt/kubelet", "--replace"],
    ...["--kubeconfig", "k", "--context", "c", "--cluster", "u", "--as", "a"],
    ...["--request-timeout", "10", "--kubectl", "/bin/kubectl"],
  ]);
  expect(run).toMatchObject({
    concurrency: 7,
    path: "/opt/kubelet",
    replace: true,
    selection: {
      names: ["worker-1", "worker-*"],
      selector: "a=b",
      fieldSelector: "c=d",
      exclude: ["x*"],
      address: "InternalIP",
      hostTemplate: "{name}.prod.example.com",
    },
    ssh: {
      user: "admin",
      port: 2222,
      identities: ["/home/u/key"],
      knownHosts: ["/home/u/kh"],
      hostKeyChecking: "accept-new",
      config: { file: "/home/u/sc", options: ["A=b c", "D=e"] },
      limits: { connectMs: 3000, execTotalMs: 60_000 },
    },
    kubectl: {
      program: "/bin/kubectl",
      kubeconfig: "k",
      context: "c",
      cluster: "u",
      as: "a",
      requestTimeout: "10",
    },
  });
});

test("hosts come from lists, files and standard input; remarks and empty lines don't count", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-hosts-"));
  try {
    const file = join(dir, "hosts");
    await writeFile(file, "# all\r\n10.0.0.2:22 # the second\r\n\n n3=10.0.0.3\n");
    const run = await nodeRun(["--hosts", "a,b", "--hosts", "c", "--hosts-from", file]);
    expect(run.selection.hosts).toEqual(["a", "b", "c", "10.0.0.2:22", "n3=10.0.0.3"]);
  } finally {
    await rm(dir, { recursive: true });
  }
  expect((await nodeRun(["--hosts-from", "-"])).selection.hosts).toEqual(["10.0.0.3"]);
});

test.each([
  [["--hosts", ","], /name no host/],
  [["--hosts-from", "/nonexistent"], /^--hosts-from: "\/nonexistent" can't be read: ENOENT/],
  [["--hosts", "a", "-l", "x=y"], /^--selector asks a cluster/],
  [["--hosts", "a", "--ssh-host-template", "{name}"], /^--ssh-host-template asks a cluster/],
  [["--ssh-host-template", "bastion"], /^--ssh-host-template: "bastion" makes no host names/],
  [["--hosts", "a", "--address", "name"], /^--address asks a cluster/],
  [["--ssh-user", "-oProxyCommand=x"], /^--ssh-user: /],
  [["--ssh-user", "a b"], /^--ssh-user: /],
  [["--ssh-user", "a\nb"], /^--ssh-user: /],
  [["--ssh-port", "65536"], /^--ssh-port: /],
  [["--ssh-port", "0"], /^--ssh-port: /],
  [["--ssh-option", "ProxyJump bastion"], /^--ssh-option: /],
  [["--ssh-option", "A=b\nC=d"], /^--ssh-option: /],
  [["--path", "relative"], /^--path: /],
  [["--concurrency", "1e9"], /^--concurrency: /],
  [["--request-timeout", "soon"], /^--request-timeout: /],
])("%j is refused", async (argv, detail) => {
  await expect(nodeRun(argv)).rejects.toMatchObject({
    code: "PC001",
    detail: expect.stringMatching(detail),
  });
});

test("a proof needs an image and has its defaults", async () => {
  const { options } = await parsed("verify", "--image", "r.io/a:1");
  expect(proofOptions(options, HOST)).toEqual({
    env: {},
    image: "r.io/a:1",
    proof: "pull",
    assumePrivate: false,
    maxPulls: 20,
    timeoutMs: 420_000,
  });
  const none = await parsed("verify");
  expect(() => proofOptions(none.options, HOST)).toThrow(/--image/);
});

test("what belongs to a restart is refused without it", async () => {
  expect(restartOptions((await parsed("push")).options)).toBeUndefined();
  const restart = await parsed("push", "--restart-kubelet", "--kubelet-restart-command", "x");
  expect(restartOptions(restart.options)).toEqual({ readyMs: 120_000, command: "x" });
  const stray = await parsed("push", "--ready-timeout", "1m");
  expect(() => restartOptions(stray.options)).toThrow(/--ready-timeout needs --restart-kubelet/);
});

test("kubectl's own forms of a timeout pass: bare seconds, 0 for none", async () => {
  for (const text of ["0", "30", "1m30s"]) {
    const { options } = await parsed("verify", "--request-timeout", text);
    expect(kubectlOptions(options).requestTimeout).toBe(text);
  }
});

test("ssh and its commands get the user's environment without the credentials in it", async () => {
  const env = { DOCKER_AUTH_CONFIG: "{}", LANG: "C" };
  expect((await nodeRun([], { env })).ssh.config?.env).toEqual({ LANG: "C" });
});

test("no password is asked for where the system's ssh would have to be given it", async () => {
  await expect(nodeRun(["--ask-pass", "--transport", "openssh"])).rejects.toMatchObject({
    code: "PC001",
  });
});
