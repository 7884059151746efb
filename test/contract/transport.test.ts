import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../agent/secret.ts";
import type { SshOptions } from "../../agent/transport/transport.ts";
import { startCutProxy } from "../rig/cut-proxy.ts";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor, runCommand, withSession } from "../rig/transport.ts";
import { attempt, failure, TRANSPORTS } from "./attempt.ts";

const exec = promisify(execFile);

describe.each(TRANSPORTS)("a program run by %s", (transport) => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd();
  });

  afterAll(() => sshd.stop());

  const options = (changes: Partial<SshOptions> = {}) =>
    optionsFor(sshd, { transport, ...changes });

  it("brings back both outputs and the exit code", async () => {
    const outcome = await runCommand(options(), "cat; echo bad >&2; exit 7", "hello\n");
    expect(outcome).toEqual({ end: { type: "exit", code: 7 }, stdout: "hello\n", stderr: "bad\n" });
  });

  it.each([0, 1, 254, 255])("brings back the exit code %i", async (code) => {
    const outcome = await runCommand(options(), `exit ${code}`);
    expect(outcome).toEqual({ end: { type: "exit", code }, stdout: "", stderr: "" });
  });

  it("that a signal kills has no exit code", async () => {
    expect((await runCommand(options(), "kill -9 $$")).end.type).toBe("signal");
  });

  it("gets a large input whole", async () => {
    const input = randomBytes(5_000_001);
    const outcome = await runCommand(options(), "sha256sum", input);
    expect(outcome.stdout).toBe(`${createHash("sha256").update(input).digest("hex")}  -\n`);
  });

  it("may end without reading its input", async () => {
    const outcome = await runCommand(options(), "echo early", Buffer.alloc(3_000_000));
    expect(outcome).toMatchObject({ end: { type: "exit", code: 0 }, stdout: "early\n" });
  });

  it("gets what follows its input as it comes, and reads no more of it than it wants", async () => {
    const more = randomBytes(3_000_001);
    const input = new Secret<Uint8Array>(Buffer.from("first\n"));
    const ask = (command: string, stream: Readable) =>
      withSession(options(), (session) =>
        session.run({ command, input, more: async () => stream, signal: NEVER }),
      );
    const whole = await ask("read -r line; echo $line; sha256sum", Readable.from([more]));
    const digest = createHash("sha256").update(more).digest("hex");
    expect(whole.stdout).toBe(`first\n${digest}  -\n`);
    const endless = new Readable({ read() {} });
    const early = await ask("read -r line; echo $line", endless);
    expect(early.stdout).toBe("first\n");
    expect(endless.destroyed).toBe(true);
    const broken = new Readable({
      read() {
        this.destroy(new Error("the source broke"));
      },
    });
    await expect(ask("cat >/dev/null", broken)).rejects.toThrow("the source broke");
  });

  it("keeps the head and tail of a long output, of lines without an end too", async () => {
    const { stdout, stderr } = await runCommand(
      options(),
      "echo first; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last; printf end >&2",
    );
    expect(stdout.startsWith("first\nxxx")).toBe(true);
    expect(stdout.endsWith("xxx\nlast\n")).toBe(true);
    expect(stdout.length).toBeLessThanOrEqual(64 * 1024);
    expect(stderr).toBe("end");
  });

  it.each(["yes", "yes >&2"])("is ended when it floods: %s", async (command) => {
    expect(await failure(options(), { command })).toMatchObject({ code: "PC228", phase: "exec" });
  });

  it("is ended when it is silent for too long", async () => {
    const limits = { ...LIMITS, execIdleMs: 300 };
    expect(await failure(options({ limits }), { command: "sleep 60" })).toMatchObject({
      code: "PC227",
      phase: "exec",
    });
  });

  it("is ended when it takes too long, busy or not", async () => {
    const limits = { ...LIMITS, execTotalMs: 700 };
    const command = "while :; do echo x; sleep 0.1; done";
    expect(await failure(options({ limits }), { command })).toMatchObject({
      code: "PC227",
      phase: "exec",
    });
  });

  it("is ended by an abort, with its reason, and leaves no process here", async () => {
    const controller = new AbortController();
    const reason = new Error("stopped by the user");
    const marker = `pullcast-contract-${transport}`;
    const failed = failure(options(), {
      command: `: ${marker}; echo ready; exec sleep 60`,
      signal: controller.signal,
    });
    await expect
      .poll(async () => (await exec("ps", ["axww", "-o", "args"])).stdout, { timeout: 10_000 })
      .toContain(marker);
    controller.abort(reason);
    expect(await failed).toBe(reason);
    const { stdout } = await exec("ps", ["axww", "-o", "args"]);
    expect(stdout.split("\n").filter((line) => /^ssh .*-contract-/.test(line))).toEqual([]);
  });

  it("does not begin after an abort", async () => {
    const reason = new Error("stopped by the user");
    expect(await failure(options(), { signal: AbortSignal.abort(reason) })).toBe(reason);
  });

  it("on a link that is cut midway is lost", async () => {
    const proxy = await startCutProxy(sshd.port, {
      cut: { direction: "down", after: 200_000, how: "rst" },
    });
    try {
      const { end } = await attempt(options({ port: proxy.port }), {
        command: "head -c 1000000 /dev/urandom; sleep 60",
      });
      expect(end).toEqual({ type: "lost" });
    } finally {
      await proxy.stop();
    }
  });

  it("knows nothing of this side's environment, whatever ssh's configuration sends", async () => {
    const open = await startSshd({ config: ["AcceptEnv *"] });
    const config = {
      ...{ program: "ssh", file: "none", homeDir: open.dir },
      options: ["SendEnv=LANG", "SendEnv=SECRET_*"],
      env: { ...process.env, LANG: "xx_YY.UTF-8", SECRET_ONE: "leaked" },
    };
    try {
      const { stdout } = await runCommand(optionsFor(open, { transport, config }), "env");
      expect(stdout).toContain("PATH=");
      expect(stdout).not.toMatch(/xx_YY|leaked/);
    } finally {
      await open.stop();
    }
  });

  it("gets its input by no command line", async () => {
    const secret = randomBytes(12).toString("hex");
    const command = "cat >/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '";
    const { stdout } = await runCommand(options(), `head -c 1 >/dev/null; ${command}`, secret);
    expect(stdout).toContain("sshd");
    expect(stdout).not.toContain(secret);
  });

  it("runs under a login shell that prints first, maybe without a line's end", async () => {
    const forced = await startSshd({
      keyOptions: 'command="printf hello; exec /bin/sh -c \\"$SSH_ORIGINAL_COMMAND\\""',
    });
    try {
      const { stdout } = await runCommand(optionsFor(forced, { transport }), "cat", "in\n");
      expect(stdout).toBe("helloin\n");
    } finally {
      await forced.stop();
    }
  });

  it("is not the forced command that runs in its place: that one's words come back", async () => {
    const forced = await startSshd({ keyOptions: 'command="echo none of that; exit 3"' });
    try {
      const outcome = await runCommand(optionsFor(forced, { transport }), "cat", "secret\n");
      expect(outcome).toMatchObject({ end: { type: "exit", code: 3 }, stdout: "none of that\n" });
    } finally {
      await forced.stop();
    }
  });

  it("is refused by an account that names another, and the name is told", async () => {
    const words = 'Please login as the user \\"core\\" rather than the user \\"root\\".';
    const cloud = await startSshd({ keyOptions: `command="echo '${words}'; exit 142"` });
    try {
      expect(await failure(optionsFor(cloud, { transport }))).toMatchObject({
        code: "PC229",
        fix: "--ssh-user core",
      });
    } finally {
      await cloud.stop();
    }
  });

  it("shows the fingerprint of the key that the host proved", async () => {
    const blob = Buffer.from(sshd.hostKeys.ed25519?.split(" ")[1] ?? "", "base64");
    const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    await withSession(options(), async (session) => {
      const input = new Secret<Uint8Array>(Buffer.alloc(0));
      await session.run({ command: "true", input, signal: NEVER });
      expect(session.hostKeyFingerprint).toBe(`SHA256:${digest}`);
      expect(session.hostKeyAdded).toBe(false);
    });
  });
});
