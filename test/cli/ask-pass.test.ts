import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { buildCli, ended } from "./process.ts";

const PASSWORD = "Correct-Horse-9";
const QUESTION = "SSH password of the nodes: ";

let cli: Awaited<ReturnType<typeof buildCli>>;
let home: string;
/** Two nodes, on which one user has one password. */
let nodes: readonly Sshd[];
beforeAll(async () => {
  cli = await buildCli();
  home = await mkdtemp(join(tmpdir(), "pullcast-ask-pass-"));
  const text = `{"auths":{"reg.io":{"auth":"${Buffer.from("u:p").toString("base64")}"}}}`;
  await writeFile(join(home, "source.json"), text, { mode: 0o600 });
  const account = { name: "pullcast-login", password: PASSWORD };
  const options = { account, config: ["PasswordAuthentication yes"] };
  nodes = await Promise.all([startSshd(options), startSshd(options)]);
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await rm(home, { recursive: true, force: true });
  await cli.remove();
});

const program = () => join(cli.dir, "cli", "pullcast.cjs");

const push = () => [
  ...["push", "--config", join(home, "source.json"), "--ask-pass", "--ssh-config", "none"],
  ...["--hosts", nodes.map(({ host, port }, index) => `n${index}=${host}:${port}`).join(",")],
  ...[
    "--ssh-user",
    "pullcast-login",
    ...nodes.flatMap((node) => ["--known-hosts", node.knownHosts]),
  ],
];

/** Runs it on a terminal, types the answer once the question stands there, and tells all that was seen. */
async function onTerminal(args: readonly string[], answer: string) {
  const command = [process.execPath, program(), ...args].join(" ");
  const { PATH = "" } = process.env;
  const child = spawn("script", ["-qec", `stty cols 100; ${command}`, "/dev/null"], {
    env: { PATH, HOME: home, TERM: "xterm" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let seen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const asked = seen.includes(QUESTION);
    seen += chunk.toString();
    if (!asked && seen.includes(QUESTION)) child.stdin.write(answer);
  });
  return await ended(child);
}

test("the password that is typed logs in to all nodes, asked for once and never shown", async () => {
  const { stdout } = await onTerminal(push(), `${PASSWORD}\r`);
  expect(stdout.split(QUESTION)).toHaveLength(2);
  expect(stdout).not.toContain(PASSWORD);
  for (const node of nodes) {
    await expect.poll(() => node.log()).toContain("Accepted password for pullcast-login");
  }
  // In, and no further: the user may not become root there.
  expect(stdout).toContain("PC224");
});

test("the status does not run over the question", async () => {
  const { stdout } = await onTerminal(push(), "wrong\r");
  const [, after = ""] = stdout.split(QUESTION);
  expect(after).toMatch(/^\r?\n/);
  expect(stdout).toContain("PC221");
  expect(stdout).not.toContain("wrong");
});

test("Ctrl-C at the question ends the run with 130", async () => {
  const { code, stdout } = await onTerminal(push(), "\u0003");
  expect(stdout).toContain("Interrupted");
  expect(code).toBe(130);
});

test("PC264, and exit code 2, where there is no terminal", async () => {
  const { PATH = "" } = process.env;
  // A session of its own has no terminal.
  const child = spawn(process.execPath, [program(), ...push()], {
    detached: true,
    env: { PATH, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { code, stderr } = await ended(child);
  expect(stderr).toContain(
    "PC264: a secret was asked for and not given: SSH password of the nodes",
  );
  expect(code).toBe(2);
});
