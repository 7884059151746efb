import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bed, upBed } from "../../bed/index.ts";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { startTurnaroundProxy } from "../../rig/turnaround-proxy.ts";
import { type CliRun, type CliUser, type Item, items, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG, readNodeFile } from "../node-file.ts";

const CONFIG = `${JSON.stringify({ auths: { "reg.example.com": { auth: "cm9ib3Q6cGFzcw==" } } })}\n`;
const PASSWORD = `canary-${randomBytes(9).toString("hex")}`;
const ROOTS = `root-${randomBytes(9).toString("hex")}`;

/** Rules that let `oper` do all with a password. */
const WITH_PASSWORD = "oper ALL=(ALL) ALL";

let bed: Bed;
let user: CliUser;
let config: string;
let sent: string;
beforeAll(async () => {
  bed = await upBed({ name: `become-${process.pid}`, nodes: 2 });
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, CONFIG, { mode: 0o600 });
  await onAll(
    "useradd -m -s /bin/bash oper && cat >/root/passwords && chpasswd </root/passwords && rm /root/passwords",
    `oper:${PASSWORD}\nroot:${ROOTS}\n`,
  );
  await user.run(["push", "--config", config, ...login(hosts(0), "root")]);
  sent = (await readNodeFile(bed, node(0).name))?.content ?? "";
});
afterAll(async () => {
  await user?.remove();
  await bed?.down();
});
/** Each test finds the nodes as they came up, and `oper` may do nothing. */
beforeEach(() =>
  onAll(
    `rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast /etc/sudoers.d/[!b]* /etc/doas.conf /var/log/sudo.log`,
  ),
);

const node = (index: number) => {
  const found = bed.nodes[index];
  if (found === undefined) throw new Error(`the bed has no node ${index}`);
  return found;
};
const hosts = (...nodes: readonly number[]) =>
  nodes.map((index) => `${node(index).name}=${node(index).address}`).join(",");
const login = (on: string, name = "oper") => [
  ...["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts],
  ...["--ssh-user", name, "--hosts", on],
];

async function onNode(script: string, name = node(0).name, input = "") {
  const ran = await bed.exec(name, ["sh", "-c", script], { input: Buffer.from(input) });
  if (ran.code !== 0) throw new Error(`${script}: ${ran.stderr}`);
  return ran.stdout;
}
const onAll = (script: string, input?: string) =>
  Promise.all(bed.nodes.map(({ name }) => onNode(script, name, input)));
const allow = (...rules: string[]) => onAll("cat >/etc/sudoers.d/oper", `${rules.join("\n")}\n`);

const push = (...more: string[]) =>
  user.run(["push", "--config", config, "-o", "json", ...login(hosts(0)), ...more]);
const pushTyping = (text: string, ...more: string[]) =>
  user.typing(text, [
    ...["push", "--config", config, "-o", "json", "--ask-become-pass"],
    ...login(hosts(0)),
    ...more,
  ]);
const first = (run: CliRun): Item => {
  const [item] = items(run);
  if (item === undefined) throw new Error(run.stderr);
  return item;
};

/** The file is exactly what was sent, and no trace of a password is on the node. */
async function expectPushed(run: CliRun) {
  expect(first(run), run.stderr).toMatchObject({ result: "updated" });
  const file = await readNodeFile(bed, node(0).name);
  expect(file).toMatchObject({ mode: "600 root:root", content: sent });
  const places = "/var/lib/kubelet /var/log /var/lib/sudo /tmp /var/tmp /run /root /home /etc";
  expect(await onNode(`grep -rlF -f - ${places} || :`, node(0).name, `${PASSWORD}\n`)).toBe("");
}

/** Does what the fix says is to be done as root on the node. */
async function applyFix({ fix = "" }: Item) {
  const command = /as root on the node, (.*)$/.exec(fix)?.[1];
  expect(command, fix).toBeDefined();
  await onNode(command ?? "");
}

describe("a password typed once", () => {
  it.each([
    ["asks for it", [WITH_PASSWORD]],
    ["uses a terminal of its own", [WITH_PASSWORD, "Defaults use_pty", "Defaults lecture=always"]],
    ["logs what it sees", [WITH_PASSWORD, "Defaults use_pty", "Defaults log_output"]],
    ["keeps no memory", [WITH_PASSWORD, "Defaults timestamp_timeout=0"]],
    ["takes one try", [WITH_PASSWORD, "Defaults passwd_tries=1"]],
    ["allows the shell alone", ["oper ALL=(root) /bin/sh"]],
    ["needs none, so that it stays unread", ["oper ALL=(ALL) NOPASSWD: ALL"]],
    ["needs none for the shell alone", ["oper ALL=(root) NOPASSWD: /bin/sh"]],
  ])("makes the login root where sudo %s, and stays out of the file", async (_what, rules) => {
    await allow(...rules);
    const run = await pushTyping(PASSWORD);
    await expectPushed(run);
    expect(run.terminal.replaceAll("\r", "")).toBe("sudo password: \n");
  });

  it("is root's own where sudo asks for that one", async () => {
    await allow(WITH_PASSWORD, "Defaults targetpw");
    expect(first(await pushTyping(PASSWORD))).toMatchObject({
      code: "PC236",
      message: "sudo refused the password: it asked for the one of root",
    });
    await expectPushed(await pushTyping(ROOTS));
  });

  it("opens nothing for later logins of the same account", async () => {
    await allow(WITH_PASSWORD, "Defaults timestamp_type=global");
    await expectPushed(await pushTyping(PASSWORD));
    expect(first(await push())).toMatchObject({ code: "PC224" });
  });

  it("is seen in no argv or environment of any machine, nor in what is printed", async () => {
    await allow(WITH_PASSWORD);
    const sampler = await startProcSampler([PASSWORD]);
    const runs = [
      await pushTyping(PASSWORD, "-v"),
      await pushTyping(`wrong${PASSWORD}`, "-v"),
      await user.typing(PASSWORD, [
        ...["restore", "--ask-become-pass", "-o", "yaml"],
        ...login(hosts(0, 1)),
      ]),
    ];
    const { rounds, hits } = await sampler.stop();
    expect(rounds).toBeGreaterThan(1);
    expect(hits).toEqual([]);
    expect(JSON.stringify(runs)).not.toContain(PASSWORD);
    expect(runs.map(({ code }) => code)).toEqual([0, 4, 0]);
  });

  it("costs one turnaround", async () => {
    await allow(WITH_PASSWORD);
    const waits = async (run: (at: readonly string[]) => Promise<CliRun>) => {
      const proxy = await startTurnaroundProxy(22, node(0).address);
      try {
        const known = ["--ssh-option", `HostKeyAlias=${node(0).address}`];
        const ended = await run(["--hosts", `n=127.0.0.1:${proxy.port}`, ...known]);
        expect(first(ended), ended.stderr).toMatchObject({ result: "updated" });
        return Math.ceil((proxy.turns().at(-1)?.depth ?? 0) / 2);
      } finally {
        await proxy.stop();
        await onNode(`rm ${KUBELET_CONFIG}`);
      }
    };
    const keys = ["-i", bed.ssh.key, "--known-hosts", bed.ssh.knownHosts];
    const args = ["push", "--config", config, "-o", "json", ...keys];
    const asRoot = await waits((at) => user.run([...args, "--ssh-user", "root", ...at]));
    const asOper = await waits((at) =>
      user.typing(PASSWORD, [...args, "--ask-become-pass", "--ssh-user", "oper", ...at]),
    );
    console.info(`${asRoot} turnarounds as root, ${asOper} with a password for sudo`);
    expect(asOper).toBeLessThanOrEqual(asRoot + 1);
  });
});

describe("a wrong password", () => {
  it.each([["3"], ["1"]])("is tried once where sudo allows %s tries", async (tries) => {
    await allow(
      WITH_PASSWORD,
      "Defaults logfile=/var/log/sudo.log",
      `Defaults passwd_tries=${tries}`,
    );
    const run = await pushTyping("wrong");
    expect(first(run), run.stderr).toMatchObject({
      result: "failed",
      code: "PC236",
      message: "sudo refused the password: it asked for the one of oper",
    });
    const log = (await onNode("cat /var/log/sudo.log")).replaceAll(/\s+/g, " ");
    expect(log.match(/incorrect password/g)).toHaveLength(1);
    expect(log).toContain("1 incorrect password attempt ;");
    expect(await readNodeFile(bed, node(0).name)).toBeUndefined();
  });

  it("locks no account that three failures would lock, though PAM counts the end of input as one more", async () => {
    await allow(WITH_PASSWORD);
    const pam = [
      "auth required pam_faillock.so preauth deny=3 dir=/run/faillock",
      "auth [success=1 default=ignore] pam_unix.so",
      "auth [default=die] pam_faillock.so authfail deny=3 dir=/run/faillock",
      "account include common-account",
    ];
    await onNode(
      "cp /etc/pam.d/sudo /root/sudo.pam && cat >/etc/pam.d/sudo",
      node(0).name,
      `${pam.join("\n")}\n`,
    );
    try {
      expect(first(await pushTyping("wrong"))).toMatchObject({ code: "PC236" });
      await expectPushed(await pushTyping(PASSWORD));
    } finally {
      await onNode("mv /root/sudo.pam /etc/pam.d/sudo");
    }
  });

  it("that one node refused is not tried on the others", async () => {
    await allow(WITH_PASSWORD, "Defaults logfile=/var/log/sudo.log");
    const run = await pushTyping("wrong", "--hosts", hosts(1));
    const codes = items(run).map(({ code, message = "" }) => [code, /not tried/.test(message)]);
    expect(codes.sort(), run.stderr).toEqual([
      ["PC236", false],
      ["PC236", true],
    ]);
    const logs = await onAll("cat /var/log/sudo.log 2>/dev/null || :");
    expect(logs.filter((log) => log.includes("incorrect password"))).toHaveLength(1);
  });
});

describe("a node that does not let the login be root says what would, and that works", () => {
  const typing = () => pushTyping(PASSWORD);
  const NO_TERMINAL = ["oper ALL=(ALL) NOPASSWD: ALL", "Defaults requiretty"];

  it.each([
    {
      code: "PC224",
      why: "sudo needs a password, none is given",
      rules: [WITH_PASSWORD],
      run: push,
    },
    { code: "PC238", why: "sudo wants a terminal", rules: NO_TERMINAL, run: push },
    { code: "PC238", why: "sudo does not know the user", rules: [], run: typing },
    {
      code: "PC238",
      why: "sudo allows other things",
      rules: ["oper ALL=(root) /bin/ls"],
      run: typing,
    },
    { code: "PC239", why: "doas is not enabled", rules: [], run: () => push("--become", "doas") },
  ])("$code: $why", async ({ code, rules, run }) => {
    await allow(...rules);
    const failed = first(await run());
    expect(failed).toMatchObject({ result: "failed", code });
    await applyFix(failed);
    await expectPushed(await run());
  });

  it("PC224 names --ask-become-pass as well", async () => {
    await allow(WITH_PASSWORD);
    expect(first(await push()).fix).toMatch(/^--ask-become-pass, or /);
  });

  it("PC239: doas wants a password, which it reads from terminals alone", async () => {
    await onNode("echo 'permit oper as root' >/etc/doas.conf");
    const failed = first(await push("--become", "doas"));
    expect(failed).toMatchObject({ code: "PC239" });
    expect(failed.message).toContain("Authentication required");
    await applyFix(failed);
    await expectPushed(await push("--become", "doas"));
  });

  it.each(["sudo", "doas"])("PC237: there is no %s", async (program) => {
    await onNode(`mv /usr/bin/${program} /usr/bin/moved`);
    try {
      const failed = first(await push("--become", program));
      expect(failed).toMatchObject({ code: "PC237" });
      expect(failed.message).toContain(program);
    } finally {
      await onNode(`mv /usr/bin/moved /usr/bin/${program}`);
    }
  });

  it("PC323: nothing is to make it root", async () => {
    await allow("oper ALL=(ALL) NOPASSWD: ALL");
    expect(first(await push("--become", "none"))).toMatchObject({ code: "PC323" });
    expect(await readNodeFile(bed, node(0).name)).toBeUndefined();
  });
});

it("--ask-become-pass without a terminal ends the run before anything is touched", async () => {
  const args = ["push", "--config", config, "--ask-become-pass", ...login(hosts(0))];
  const run = await user.typing("", args);
  expect(run.stderr).toContain("PC264");
  expect(run.code).toBe(2);
});
