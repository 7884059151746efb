import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { buildCli, ended, type RunOptions, run, start, untilCatches } from "./process.ts";

const CANARY = "Canary-51c2-pass";
const AUTH = Buffer.from(`robot:${CANARY}`).toString("base64");

let cli: Awaited<ReturnType<typeof buildCli>>;
let program: string;
beforeAll(async () => {
  cli = await buildCli();
  program = join(cli.dir, "cli", "pullcast.cjs");
});
afterAll(() => cli.remove());

const pullcast = (args: readonly string[], options?: RunOptions) => run(program, args, options);

describe("what can be asked without doing anything", () => {
  test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j prints the commands", async (args) => {
    const { code, stdout, stderr } = await pullcast(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Usage: pullcast COMMAND");
  });

  test.each([[["push", "--help"]], [["push", "x", "-h"]], [["help", "push"]]])(
    "%j prints the command's options",
    async (args) => {
      const { code, stdout } = await pullcast(args);
      expect(code).toBe(0);
      expect(stdout).toContain("Usage: pullcast push [NODE...] [options]");
    },
  );

  test("as kubectl's plugin it shows itself as kubectl pullcast", async () => {
    const plugin = join(cli.dir, "cli", "kubectl-pullcast.cjs");
    expect((await run(plugin, ["verify", "--help"])).stdout).toContain("kubectl pullcast verify");
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    for (const args of [["--version"], ["version"], ["-V"]]) {
      expect(await pullcast(args)).toEqual({
        code: 0,
        stdout: `pullcast ${version}\n`,
        stderr: "",
      });
    }
  });

  test("explain tells one code, in any case, or all", async () => {
    const one = await pullcast(["explain", "pc203"]);
    expect([one.code, one.stdout]).toEqual([
      0,
      "PC203: the connection timed out\n\n  about  SSH\n  fix    check routes and firewalls, or use another --address\n",
    ]);
    const all = await pullcast(["explain"]);
    expect(all.stdout).toMatch(/^PC0xx pullcast itself$/m);
    expect(all.stdout).toMatch(/^ {2}PC705 {2}/m);
  });

  test("a completion script is there for bash and zsh only", async () => {
    expect((await pullcast(["completion", "bash"])).stdout).toContain("complete ");
    expect((await pullcast(["completion"], { env: { SHELL: "/bin/zsh" } })).stdout).toContain(
      "#compdef pullcast",
    );
    expect((await pullcast(["completion", "tcsh"])).code).toBe(2);
  });
});

describe("wrong usage ends with 2, names the place and prints nothing else", () => {
  test.each([
    [["psuh"], "did you mean push?"],
    [["completion", "\u001b[2J"], "\\u001b[2J"],
    [["push", "--concurrency", "1e9"], "--concurrency"],
    [["verify"], "--image"],
  ])("%j", async (args, place) => {
    const { code, stdout, stderr } = await pullcast(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error PC001: [^\n]+\n {2}fix: [^\n]+\n$/);
    expect(stderr).toContain(place);
  });
});

describe("an unusable source ends with 6, before any node or cluster is asked", () => {
  test.each([
    ["PC602", ""],
    ["PC603", `{"auths":{"r.io":{"auth":"${AUTH}"}`],
    ["PC603", CANARY],
    ["PC604", `{"auth":"${AUTH}"}`],
    ["PC608", `{"auths":{"r.io":{"auth":"${CANARY}"}}}`],
    ["PC608", `{"auths":{"https://robot:${CANARY}@r.io":{"auth":"${AUTH}"}}}`],
  ])("%s, in every format, without its content", async (code, input) => {
    for (const more of [[], ["-o", "json", "-v"], ["-o=yaml"]]) {
      const args = ["push", "--config", "-", "--hosts", "192.0.2.1", ...more];
      const ending = await pullcast(args, {
        input,
        env: { NODE_OPTIONS: "--stack-trace-limit=50" },
      });
      expect(ending.code).toBe(6);
      if (more.length === 0) expect(ending.stdout).toBe("");
      else expect(parse(ending.stdout)).toMatchObject({ kind: "Error", code });
      expect(ending.stderr).toContain(`error ${code}: `);
      expect(ending.stdout).not.toContain(CANARY);
      expect(ending.stderr).not.toContain(CANARY);
      expect(ending.stderr).not.toContain(AUTH);
    }
  });

  test("a source of 10 MB and none at all", async () => {
    const input = " ".repeat(10_000_000);
    const large = await pullcast(["push", "--config", "-", "--hosts", "192.0.2.1"], { input });
    expect([large.code, large.stderr]).toEqual([6, expect.stringContaining("error PC607: ")]);
    const none = await pullcast(["push", "--hosts", "192.0.2.1"]);
    expect([none.code, none.stderr]).toEqual([6, expect.stringContaining("error PC601: ")]);
  });
});

describe("a run without a cluster", () => {
  const input = `{"auths":{"r.io":{"auth":"${AUTH}"}}}`;
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  /** A push to the real server, whose key nobody knows. */
  const push = (...more: readonly string[]) => {
    const hosts = `n1=${sshd.host}:${sshd.port}`;
    const args = ["push", "--config", "-", "--hosts", hosts, "-i", sshd.key];
    return pullcast([...args, "--known-hosts", join(cli.dir, "no-known-hosts"), ...more], {
      input,
    });
  };

  test("-o json: one document on standard output, all the rest on standard error", async () => {
    const { code, stdout, stderr } = await push("-o", "json");
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: "pullcast.dev/v1alpha1",
      kind: "PushReport",
      summary: { failed: 1 },
      items: [{ node: "n1", result: "failed", code: "PC211", phase: "host-key" }],
    });
    expect(stderr).toContain("Credentials standard input: r.io\n");
    expect(stderr.match(/PC611/g)).toHaveLength(1);
    expect(stderr).toContain("n1: failed: PC211 ");
    expect(stdout + stderr).not.toContain(CANARY);
    expect(stdout + stderr).not.toContain(AUTH);
  });

  test("-o yaml, the table and names", async () => {
    const yaml = await push("-o", "yaml", "-q");
    expect(yaml.stdout).toMatch(/^apiVersion: pullcast.dev\/v1alpha1\nkind: PushReport\n/);
    const table = await push();
    expect(table.stdout).toMatch(/^NODE +ADDRESS +RESULT +CODE +IN FORCE +MESSAGE\nn1 +127\./);
    expect((await push("-o", "name")).stdout).toBe("");
  });

  test("on a terminal of 80 columns the table fits, and a failure has no line of its own before it", async () => {
    const hosts = `n1=${sshd.host}:${sshd.port}`;
    await writeFile(join(cli.dir, "source.json"), input, { mode: 0o600 });
    const command = [process.execPath, program, "push", "--config", join(cli.dir, "source.json")];
    const args = [...command, "--hosts", hosts, "-i", sshd.key, "--known-hosts", "/dev/null"];
    const { PATH = "" } = process.env;
    const child = spawn("script", ["-qec", `stty cols 80; ${args.join(" ")}`, "/dev/null"], {
      env: { PATH, HOME: cli.dir, TERM: "xterm", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout } = await ended(child);
    expect(code).toBe(4);
    expect(stdout).not.toContain("n1: failed");
    const lines = stdout.split(/[\r\n]+/);
    const row = lines.findIndex((line) => /^n1 +\S+ +failed +PC211/.test(line));
    // The words stand under the row, and end as they do in full.
    expect(lines[row + 1]).toMatch(/^ {3}the host key .*…/);
    expect(lines[row + 1]?.length).toBeLessThanOrEqual(80);
    expect(stdout.match(/PC211/g)).toHaveLength(2);
    expect(stdout.match(/fix:/g)).toHaveLength(1);
  });

  test("a terminal that doesn't know its width gets lines", async () => {
    const hosts = `n1=${sshd.host}:${sshd.port}`;
    const command = [process.execPath, program, "push", "--config", join(cli.dir, "source.json")];
    await writeFile(join(cli.dir, "source.json"), input, { mode: 0o600 });
    const args = [...command, "--hosts", hosts, "-i", sshd.key, "--known-hosts", "/dev/null"];
    const { PATH = "" } = process.env;
    const child = spawn("script", ["-qec", args.join(" "), "/dev/null"], {
      env: { PATH, HOME: cli.dir, TERM: "xterm" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, stdout } = await ended(child);
    expect(code).toBe(4);
    expect(stdout).toContain("n1: failed: PC211 ");
    expect(stdout).not.toContain("\u001b[1A");
  });
});

describe("signals and broken pipes", () => {
  // Node has handlers of its own for the other signals; a run's handler for this one comes last.
  const PUSH = ["push", "--config", "-", "--hosts", "192.0.2.1"];

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s ends a run that waits for its input, with 130",
    async (signal) => {
      const child = start(program, PUSH);
      const end = ended(child);
      await untilCatches(child, constants.signals.SIGHUP);
      child.kill(signal);
      const { code, stdout, stderr } = await end;
      expect([code, stdout]).toEqual([130, ""]);
      expect(stderr).toMatch(/^Stopping: .*\nInterrupted\n$/);
    },
  );

  test("a run that ends before it has a report leaves a document where one was asked for", async () => {
    const child = start(program, [...PUSH, "--output=json"]);
    const end = ended(child);
    await untilCatches(child, constants.signals.SIGHUP);
    child.kill("SIGINT");
    const { code, stdout } = await end;
    expect([code, JSON.parse(stdout)]).toEqual([
      130,
      {
        apiVersion: "pullcast.dev/v1alpha1",
        kind: "Error",
        code: "PC004",
        message: "the run was interrupted before it had a result",
        fix: "run the command again: it is safe",
      },
    ]);
  });

  test("SIGUSR1 opens no inspector", async () => {
    const child = start(program, PUSH);
    const end = ended(child);
    await untilCatches(child, constants.signals.SIGHUP);
    child.kill("SIGUSR1");
    child.stdin.end("");
    const { code, stderr } = await end;
    expect(code).toBe(6);
    expect(stderr).not.toContain("Debugger");
  });

  test("a reader that leaves changes neither the end nor the exit code", async () => {
    const child = start(program, ["explain"]);
    child.stdout.destroy();
    const { code, stderr } = await ended(child);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("a closed standard error does neither", async () => {
    const child = start(program, ["explain", "PC999"]);
    child.stderr.destroy();
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(2);
  });
});

test("an error that nobody foresaw is PC002, with its stack only if asked for", async () => {
  const home = join(cli.dir, "home");
  await mkdir(home);
  const hosts = join(home, "hosts");
  await writeFile(hosts, "192.0.2.1");
  const broken = join(cli.dir, "broken.cjs");
  await writeFile(
    broken,
    `require("node:crypto").createHash = () => { throw new TypeError("broken on purpose"); };
    require("node:module").syncBuiltinESMExports();`,
  );
  const input = `{"auths":{"r.io":{"auth":"${AUTH}"}}}`;
  try {
    const env = { NODE_OPTIONS: `--require ${broken}` };
    const args = ["push", "--hosts-from", hosts, "--config", "-"];
    const short = await pullcast(args, { env, input });
    expect(short.stderr).not.toContain("    at ");
    const long = await pullcast([...args, "-v"], { env, input });
    expect([short.code, long.code]).toEqual([1, 1]);
    expect(short.stderr).toContain("error PC002: pullcast itself failed: broken on purpose\n");
    expect(long.stderr).toMatch(/^at /m);
  } finally {
    await rm(home, { recursive: true });
  }
});
