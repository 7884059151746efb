import { getEventListeners, once } from "node:events";
import { access, readFile } from "node:fs/promises";
import type net from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PullcastError } from "../../../agent/errors.ts";
import type { Admission } from "../../../agent/model.ts";
import { Secret } from "../../../agent/secret.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { isRetryable } from "../../../agent/transport/retryable.ts";
import { startCutProxy } from "../../rig/cut-proxy.ts";
import { type Sshd, type SshdOptions, startSshd } from "../../rig/sshd.ts";
import {
  LIMITS,
  NEVER,
  optionsFor,
  runCommand,
  targetOf,
  withSession,
} from "../../rig/transport.ts";

let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(() => sshd.stop());

const BIG = new Uint8Array(8 * 1024 * 1024);

function limited(changes: Partial<typeof LIMITS>) {
  return optionsFor(sshd, { limits: { ...LIMITS, ...changes } });
}

async function onSshd<T>(options: SshdOptions, use: (other: Sshd) => Promise<T>): Promise<T> {
  const other = await startSshd(options);
  try {
    return await use(other);
  } finally {
    await other.stop();
  }
}

describe("what a program says", () => {
  it("is kept at its start and its end, 64 KiB at most", async () => {
    const command = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last";
    const { stdout, end } = await runCommand(optionsFor(sshd), command);
    expect(end).toEqual({ type: "exit", code: 0 });
    expect(stdout).toMatch(/^first\nx+\nlast\n$/);
    expect(stdout).toHaveLength(64 * 1024);
  });

  it("is kept whole where that was asked for, up to a flood", async () => {
    const command = "head -c 3000000 /dev/zero | tr '\\0' x";
    const input = new Secret<Uint8Array>(new Uint8Array());
    const { stdout } = await withSession(optionsFor(sshd), (session) =>
      session.run({ command, input, keepAll: true, signal: NEVER }),
    );
    expect(stdout).toHaveLength(3_000_000);
  });

  it("may be any bytes", async () => {
    const { stdout } = await runCommand(optionsFor(sshd), "printf 'a\\377\\303\\251'");
    expect(stdout).toBe("a\ufffdé");
  });

  it("PC228: is a flood past 8 MiB, on either stream", async () => {
    for (const command of ["yes", "yes >&2"]) {
      const error = await runCommand(optionsFor(sshd), command).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "PC228", phase: "exec" });
      expect(isRetryable(error)).toBe(false);
    }
  });

  it("is taken whole from both streams at once", async () => {
    const command = "(yes e | head -c 4000000 >&2) & yes o | head -c 4000000; wait; exit 3";
    const outcome = await runCommand(optionsFor(sshd), command);
    expect(outcome.end).toEqual({ type: "exit", code: 3 });
  });
});

describe("time", () => {
  it("PC227: a silent program, and one that never reads", async () => {
    const limits = limited({ execIdleMs: 300 });
    for (const command of ["exec sleep 60", "echo hi; exec sleep 60"]) {
      await expect(runCommand(limits, command, BIG)).rejects.toMatchObject({
        code: "PC227",
        phase: "exec",
        message: expect.stringContaining("silent for 0.3 s"),
      });
    }
  });

  it("PC227: a program that talks for ever", async () => {
    const limits = limited({ execTotalMs: 500 });
    const command = "while :; do echo tick; sleep 0.05; done";
    await expect(runCommand(limits, command)).rejects.toMatchObject({
      code: "PC227",
      message: expect.stringContaining("not done within 0.5 s"),
    });
  });

  it("is given to a slow reader as long as it reads", async () => {
    const limits = limited({ execIdleMs: 2000 });
    const command = "for i in 1 2 3 4 5; do head -c 1600000 >/dev/null; sleep 0.5; done; wc -c";
    const outcome = await runCommand(limits, command, BIG);
    expect(outcome).toMatchObject({ end: { type: "exit", code: 0 } });
    expect(Number(outcome.stdout)).toBeGreaterThan(0);
  });
});

describe("a program that asks before it takes input", () => {
  const judge: Admission["judge"] = ({ stdout, stderr }) =>
    stdout.includes("come in") ? "accepted" : stderr.includes("go away") ? "refused" : undefined;
  const admission: Admission = { answer: new Secret("sesame"), judge };
  const ask = (command: string, options = optionsFor(sshd)) =>
    withSession(options, (session) =>
      session.run({
        command,
        admission,
        input: new Secret<Uint8Array>(Buffer.from("the input\n")),
        signal: NEVER,
      }),
    );

  it("gets the answer as a line, and the input once it says so", async () => {
    const { stdout } = await ask("read -r line; echo $line; echo come in; cat");
    expect(stdout).toBe("sesame\ncome in\nthe input\n");
  });

  it("gets the answer once and an end, and nothing of the input, where it refuses", async () => {
    const { stdout } = await ask("read -r line; echo go away >&2; echo $line; cat");
    expect(stdout).toBe("sesame\n");
  });

  it("gets an end where it says nothing within the limit of a login", async () => {
    const options = optionsFor(sshd, { limits: { ...LIMITS, authMs: 1500 } });
    const { stdout, end } = await ask("cat; echo end", options);
    expect({ stdout, end }).toEqual({ stdout: "sesame\nend\n", end: { type: "exit", code: 0 } });
  });

  it("may end first", async () => {
    expect((await ask("exit 3")).end).toEqual({ type: "exit", code: 3 });
  });
});

describe("nodes that run something else", () => {
  it("PC229: a cloud image that wants another user", async () => {
    const words = 'Please login as the user \\"ubuntu\\" rather than the user \\"root\\".';
    await onSshd({ keyOptions: `command="echo '${words}'; exit 142"` }, async (other) => {
      await expect(runCommand(optionsFor(other), "true", BIG)).rejects.toMatchObject({
        code: "PC229",
        phase: "channel",
        fix: "--ssh-user ubuntu",
      });
    });
  });

  it("a forced command is an outcome with its own output", async () => {
    await onSshd({ keyOptions: 'command="echo welcome; exit 1"' }, async (other) => {
      expect(await runCommand(optionsFor(other), "echo ours", "x")).toMatchObject({
        end: { type: "exit", code: 1 },
        stdout: "welcome\n",
      });
    });
  });

  it("nologin is an outcome that says no", async () => {
    await onSshd({ config: ["ForceCommand /usr/sbin/nologin"] }, async (other) => {
      const outcome = await runCommand(optionsFor(other), "true", BIG);
      expect(outcome.end).toEqual({ type: "exit", code: 1 });
    });
  });

  it("PC225: a server that opens no session", async () => {
    await onSshd({ config: ["MaxSessions 0"] }, async (other) => {
      const error = await runCommand(optionsFor(other), "true").catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "PC225", phase: "channel" });
      expect(isRetryable(error)).toBe(false);
    });
  });

  it("a program that ends before it has read its input is an outcome", async () => {
    const outcome = await runCommand(optionsFor(sshd), "exec <&-; exit 5", BIG);
    expect(outcome.end).toEqual({ type: "exit", code: 5 });
  });
});

describe("a lost link", () => {
  it("is the outcome `lost`", async () => {
    for (const how of ["reset", "kill"] as const) {
      const proxy = await startCutProxy(sshd.port);
      const marker = join(sshd.dir, `marker-${how}`);
      const rest = how === "kill" ? "kill -9 $PPID" : "sleep 60";
      await withSession(optionsFor(sshd, { port: proxy.port }), async (session) => {
        const command = `touch ${marker}; ${rest}`;
        const running = session.run({ command, input: secret("x"), signal: NEVER });
        await untilThere(marker);
        if (how === "reset") proxy.reset();
        expect((await running).end).toEqual({ type: "lost" });
      });
      await proxy.stop();
    }
  });

  it("PC226: in between, before anything was sent", async () => {
    const proxy = await startCutProxy(sshd.port);
    await withSession(optionsFor(sshd, { port: proxy.port }), async (session) => {
      proxy.reset();
      const error = await session
        .run({ command: "true", input: secret("x"), signal: NEVER })
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "PC226", phase: "channel" });
      expect(isRetryable(error)).toBe(true);
    });
    await proxy.stop();
  });

  it("PC227: frozen before the channel opens", async () => {
    const proxy = await startCutProxy(sshd.port);
    const options = { ...limited({ channelMs: 300 }), port: proxy.port };
    await withSession(options, async (session) => {
      proxy.freeze();
      const running = session.run({ command: "true", input: secret("x"), signal: NEVER });
      await expect(running).rejects.toMatchObject({ code: "PC227", phase: "channel" });
    });
    await proxy.stop();
  });
});

describe("an abort", () => {
  it("ends a running program's wait with its reason, and the link with it", async () => {
    const reason = new Error("stopped by the user");
    const controller = new AbortController();
    await withSession(optionsFor(sshd), async (session) => {
      const running = session.run({
        command: "echo $$; exec sleep 60",
        input: secret("x"),
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(reason), 100);
      await expect(running).rejects.toBe(reason);
      const again = session.run({ command: "true", input: secret("x"), signal: NEVER });
      await expect(again).rejects.toMatchObject({ code: "PC226" });
    });
  });

  it("before the start is at once", async () => {
    await withSession(optionsFor(sshd), async (session) => {
      const signal = AbortSignal.abort(new Error("early"));
      const running = session.run({ command: "true", input: secret("x"), signal });
      await expect(running).rejects.toThrow("early");
    });
  });
});

describe("closing", () => {
  it("is quick and final, whatever the peer does, and may be asked for twice", async () => {
    const proxy = await startCutProxy(sshd.port);
    const limits = { ...LIMITS, teardownMs: 200 };
    const transport = await createTransport(optionsFor(sshd, { port: proxy.port, limits }));
    const session = await transport.open(targetOf("127.0.0.1"), NEVER);
    proxy.freeze();
    await session.close();
    await session.close();
    await transport.close();
    await proxy.stop();
  });

  it("leaves no listener on a signal that serves many nodes, and warns of none", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const transport = await createTransport(optionsFor(sshd));
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const session = await transport.open(targetOf("127.0.0.1"), signal);
        await session.run({ command: "cat", input: secret("x"), signal });
        await session.close();
      }),
    );
    await transport.close();
    await new Promise(setImmediate);
    process.off("warning", onWarning);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe("a hostile server", () => {
  it.each(["keyboard-interactive", "password"])("never gets an answer to %s", async (method) => {
    const asked: string[] = [];
    const server = await startServer((client) => {
      client.on("authentication", (context) => {
        asked.push(context.method);
        context.reject([method as "password"]);
      });
    });
    try {
      const options = { ...optionsFor(sshd, { port: server.port }), knownHosts: [server.known] };
      const error = await withSession(options, async () => undefined).catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: "PC221",
        message: expect.stringContaining(`it accepts ${method}`),
      });
      expect(new Set(asked)).toEqual(new Set(["publickey"]));
    } finally {
      server.stop();
    }
  });

  it("PC228: that floods its banner ends", async () => {
    const server = await startServer((client) => {
      client.on("authentication", () => {
        for (let count = 0; count < 10; count += 1) writeBanner(client, "x".repeat(20_000));
      });
    });
    try {
      const options = { ...optionsFor(sshd, { port: server.port }), knownHosts: [server.known] };
      const error = await withSession(options, async () => undefined).catch((e: unknown) => e);
      expect((error as PullcastError).code).toBe("PC228");
    } finally {
      server.stop();
    }
  });

  it("that tells its status and then nothing more has ended, also where its time is over meanwhile", async () => {
    const server = await startServer((client) => {
      client.on("authentication", (context) => context.accept());
      client.on("session", (accept) => accept().on("exec", (run) => run().exit(7)));
    });
    try {
      const limits = { ...LIMITS, execTotalMs: 300, channelMs: 600 };
      const { port } = server;
      const options = { ...optionsFor(sshd, { port, limits }), knownHosts: [server.known] };
      expect((await runCommand(options, "x")).end).toEqual({ type: "exit", code: 7 });
    } finally {
      server.stop();
    }
  });

  it("that closes without a status is `lost`, and with one that is no success isn't", async () => {
    const server = await startServer((client) => {
      client.on("authentication", (context) => context.accept());
      client.on("session", (accept) => {
        accept().on("exec", (acceptExec, _reject, info) => {
          const channel = acceptExec();
          channel.write("OK\n");
          if (info.command === "status") channel.exit(0);
          if (info.command === "signal") channel.exit("TERM" as unknown as number);
          if (info.command === "status, then a cut") {
            channel.exit(0);
            (Reflect.get(client, "_sock") as net.Socket).destroySoon();
            return;
          }
          channel.end();
        });
      });
    });
    try {
      const options = { ...optionsFor(sshd, { port: server.port }), knownHosts: [server.known] };
      const endOf = async (command: string) => (await runCommand(options, command)).end;
      expect(await endOf("none")).toEqual({ type: "lost" });
      expect(await endOf("signal")).toEqual({ type: "signal", name: "SIGTERM" });
      expect(await endOf("status")).toEqual({ type: "exit", code: 0 });
      expect(await endOf("status, then a cut")).toEqual({ type: "lost" });
    } finally {
      server.stop();
    }
  });
});

function secret(text: string): Secret<Uint8Array> {
  return new Secret<Uint8Array>(Buffer.from(text));
}

async function untilThere(path: string): Promise<void> {
  const isThere = () =>
    access(path).then(
      () => true,
      () => false,
    );
  while (!(await isThere())) await new Promise(setImmediate);
}

/** SSH_MSG_USERAUTH_BANNER: ssh2's server sends one at most, so more are made by hand. */
function writeBanner(client: ssh2.Connection, text: string): void {
  const protocol = Reflect.get(client, "_protocol");
  const { write } = Reflect.get(protocol, "_packetRW");
  const message = Buffer.from(text);
  const packet: Buffer = write.alloc(1 + 4 + message.length + 4);
  const start: number = write.allocStart;
  packet[start] = 53;
  packet.writeUInt32BE(message.length, start + 1);
  packet.set(message, start + 5);
  packet.writeUInt32BE(0, start + 5 + message.length);
  Reflect.get(protocol, "_cipher").encrypt(write.finalize(packet));
}

async function startServer(
  onConnection: (client: ssh2.Connection) => void,
): Promise<{ port: number; known: string; stop(): void }> {
  const server = new ssh2.Server({ hostKeys: [await readFile(join(sshd.dir, "host_ed25519"))] });
  const clients = new Set<ssh2.Connection>();
  server.on("connection", (client) => {
    clients.add(client);
    client.on("error", () => undefined);
    onConnection(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    known: sshd.knownHosts,
    stop() {
      for (const client of clients) client.end();
      server.close();
    },
  };
}
