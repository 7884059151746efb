import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildCli, ended, run } from "./process.ts";

const CANARY = "Canary-81aa-pass";
const AUTH = Buffer.from(`robot:${CANARY}`).toString("base64");
/** Nobody listens there: that a push went on shows in its failures. */
const HOSTS = Array.from({ length: 11 }, (_, i) => `n${i + 1}=127.0.0.${i + 1}:9`);

let cli: Awaited<ReturnType<typeof buildCli>>;
let program: string;
beforeAll(async () => {
  cli = await buildCli();
  program = join(cli.dir, "cli", "pullcast.cjs");
  await mkdir(join(cli.dir, "cli", ".docker"));
  const text = `{"auths":{"reg.io":{"auth":"${AUTH}"}}}`;
  await writeFile(join(cli.dir, "cli", ".docker", "config.json"), text, { mode: 0o600 });
});
afterAll(() => cli.remove());

const push = (hosts: readonly string[], ...more: string[]) => [
  ...["push", "--hosts", hosts.join(","), "--connect-timeout", "1s", ...more],
];

/** Runs it on a terminal, and answers its question once it stands there. */
async function onTerminal(args: readonly string[], answer: string) {
  const command = [process.execPath, program, ...args].join(" ");
  const { PATH = "" } = process.env;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { PATH, HOME: join(cli.dir, "cli"), TERM: "xterm" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let seen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const asked = seen.includes("[y/N]");
    seen += chunk.toString();
    if (!asked && seen.includes("[y/N]")) child.stdin.write(answer);
  });
  return await ended(child);
}

test("credentials that nobody named go to more than 10 nodes only after a yes on a terminal", async () => {
  const { code, stdout } = await onTerminal(push(HOSTS), "y\r");
  expect(stdout).toMatch(/Credentials \S+\/\.docker\/config\.json: reg\.io/);
  expect(stdout).toContain("Nodes n[1-11]");
  expect(stdout).toContain("Push to these 11 nodes? [y/N]");
  expect(stdout).toContain("PC2");
  expect(code).toBe(4);
});

test.each(["n\r", "\r", "yess\r", "\u0004"])("%j is no yes: nothing is touched", async (answer) => {
  const { code, stdout } = await onTerminal(push(HOSTS), answer);
  expect(stdout).toContain("error PC638: the plan was not confirmed; nothing was touched");
  expect(stdout).not.toContain("PC2");
  expect(code).toBe(2);
});

test("Ctrl-C at the question ends the run with 130", async () => {
  const { code, stdout } = await onTerminal(push(HOSTS), "\u0003");
  expect(stdout).toContain("Interrupted");
  expect(code).toBe(130);
});

test("the question shows the plan with --quiet too", async () => {
  const { stdout } = await onTerminal(push(HOSTS, "-q"), "n\r");
  expect(stdout).toMatch(/Credentials \S+config\.json: reg\.io/);
  expect(stdout).toContain("Pushing to 11 nodes");
});

test("without a terminal nothing is asked: exit 2, and the flag that goes on is named", async () => {
  const { code, stdout, stderr } = await run(program, push(HOSTS), { input: "y\n" });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("error PC638: ");
  expect(stderr).toContain("would go to 11 nodes, and there is no terminal to ask on");
  expect(stderr).toContain("--yes");
  expect(stderr + stdout).not.toContain(CANARY);
});

test.each([
  ["--yes", push(HOSTS, "--yes")],
  ["-y", push(HOSTS, "-y")],
  ["a source that was named", push(HOSTS, "--config", ".docker/config.json")],
  ["10 nodes", push(HOSTS.slice(1))],
])("%s needs no question", async (_name, args) => {
  const absolute = args.map((arg) => arg.replace(/^\.docker/, join(cli.dir, "cli", ".docker")));
  const { code, stderr } = await run(program, absolute);
  expect(code, stderr).toBe(4);
  expect(stderr).not.toContain("PC638");
});

test("a text in $DOCKER_AUTH_CONFIG is taken first, shown nowhere, and others are named as not used", async () => {
  const env = { DOCKER_AUTH_CONFIG: `{"auths":{"env.io":{"auth":"${AUTH}"}}}` };
  const { stdout, stderr } = await run(program, push(HOSTS.slice(0, 1)), { env });
  expect(stderr).toContain("Credentials $DOCKER_AUTH_CONFIG: env.io\n");
  expect(stderr).toMatch(/PC634 not used, since \$DOCKER_AUTH_CONFIG comes first: \S+config\.json/);
  expect(stdout + stderr).not.toContain(CANARY);
  expect(stdout + stderr).not.toContain(AUTH);
});
