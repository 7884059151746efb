import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { buildCli, ended, run } from "./process.ts";

let cli: Awaited<ReturnType<typeof buildCli>>;
let program: string;
let one: Sshd;
let two: Sshd;
let known: string;
beforeAll(async () => {
  cli = await buildCli();
  program = join(cli.dir, "cli", "pullcast.cjs");
  [one, two] = await Promise.all([startSshd(), startSshd()]);
  known = join(cli.dir, "cli", ".ssh", "known_hosts");
  const text = `{"auths":{"reg.io":{"auth":"${Buffer.from("robot:pass").toString("base64")}"}}}`;
  await writeFile(join(cli.dir, "config.json"), text, { mode: 0o600 });
});
beforeEach(async () => {
  await rm(join(known, ".."), { recursive: true, force: true });
  await mkdir(join(known, ".."), { mode: 0o700 });
});
afterAll(() => Promise.all([cli.remove(), one.stop(), two.stop()]));

/** A push whose login is as far as it comes: there is no such directory. */
function push(...more: string[]): string[] {
  const hosts = `n1=127.0.0.1:${one.port},n2=127.0.0.1:${two.port}`;
  return [
    ...["push", "--config", join(cli.dir, "config.json"), "--hosts", hosts],
    ...["-i", one.key, "-i", two.key, "--path", "/absent/kubelet", ...more],
  ];
}

/** Runs it on a terminal, and gives one answer to each question. */
async function onTerminal(args: readonly string[], answer: string) {
  const command = ["stty cols 200;", process.execPath, program, ...args].join(" ");
  const { PATH = "" } = process.env;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { PATH, HOME: join(cli.dir, "cli"), TERM: "xterm", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let seen = "";
  let asked = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
    const questions = seen.split("[y/N]").length - 1;
    for (; asked < questions; asked += 1) child.stdin.write(answer);
  });
  const { code, stdout } = await ended(child);
  return { code, stdout, asked };
}

test("a terminal is asked once about all unknown keys, and a yes keeps them in the user's known_hosts", async () => {
  await writeFile(known, "# mine");
  const { stdout, asked } = await onTerminal(push(), "y\r");
  expect(asked).toBe(1);
  expect(stdout).toContain("The host keys of 2 hosts are not known:");
  expect(stdout).toMatch(/127\.0\.0\.1:\d+ +ED25519 +SHA256:\S{43}/);
  expect(stdout).toContain("Trust these 2 keys from now on? [y/N]");
  expect(stdout).toContain("PC309");
  expect(stdout).not.toContain("PC211");
  const lines = (await readFile(known, "utf8")).split("\n");
  expect(lines[0]).toBe("# mine");
  expect(lines.slice(1).sort()).toEqual(
    [
      "",
      ...[one, two].map(({ port, hostKeys }) => `[127.0.0.1]:${port} ${hostKeys.ed25519}`),
    ].sort(),
  );
});

test.each(["n\r", "\r", "\u0004"])(
  "%j is no yes: both are refused, nothing is kept",
  async (answer) => {
    const { code, stdout } = await onTerminal(push(), answer);
    expect(code).toBe(4);
    expect(stdout).toContain("PC211");
    await expect(readFile(known)).rejects.toMatchObject({ code: "ENOENT" });
  },
);

test("Ctrl-C at the question ends the run with 130, and the report is printed", async () => {
  const { code, stdout } = await onTerminal(push(), "\u0003");
  expect(code).toBe(130);
  expect(stdout).toContain("PC211");
});

test.each([[["--host-key-checking", "strict"]], [["--ssh-option", "StrictHostKeyChecking=yes"]]])(
  "%j asks nothing",
  async (flags) => {
    const { code, asked } = await onTerminal(push(...flags), "y\r");
    expect([code, asked]).toEqual([4, 0]);
  },
);

test("without a terminal nothing is asked, and the flag that goes on is named", async () => {
  const { code, stderr } = await run(program, push(), { input: "y\n" });
  expect(code).toBe(4);
  expect(stderr).toContain("PC211");
  expect(stderr).toContain("--host-key-checking accept-new");
  expect(stderr).not.toContain("[y/N]");
});
