import { once } from "node:events";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PullcastError } from "../../../agent/errors.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { isRetryable } from "../../../agent/transport/retryable.ts";
import type { PhaseLimits, SshOptions } from "../../../agent/transport/transport.ts";
import { startCutProxy } from "../../rig/cut-proxy.ts";
import { startFullBacklog } from "../../rig/full-backlog.ts";
import { freePort, type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor, targetOf } from "../../rig/transport.ts";

let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(() => sshd.stop());

interface Attempt {
  readonly host?: string;
  readonly port?: number;
  readonly limits?: Partial<PhaseLimits>;
  readonly options?: Partial<SshOptions>;
  readonly signal?: AbortSignal;
}

/** The error of an attempt to open a session. */
async function failure(attempt: Attempt): Promise<unknown> {
  const { host = "127.0.0.1", port, limits = {}, options = {}, signal = NEVER } = attempt;
  const transport = await createTransport(
    optionsFor(sshd, { limits: { ...LIMITS, ...limits }, ...options }),
  );
  try {
    const opened = transport.open(targetOf(host, port), signal);
    return await opened.then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await transport.close();
  }
}

/** A server that says something to every client, and hangs up if told so. */
async function startTalker(text: string, hangUp = true): Promise<{ port: number; stop(): void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
    if (hangUp) socket.end(text);
    else socket.write(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function failureOfTalker(text: string, hangUp = true): Promise<unknown> {
  const talker = await startTalker(text, hangUp);
  try {
    return await failure({ port: talker.port, limits: { handshakeMs: 300 } });
  } finally {
    talker.stop();
  }
}

describe("reaching a node", () => {
  it("PC201: a name that does not exist, tried once", async () => {
    const error = await failure({ host: "no-such-node.invalid" });
    expect(error).toMatchObject({ code: "PC201", phase: "resolve" });
  });

  it("PC202: a closed port", async () => {
    const port = await freePort();
    const error = await failure({ port });
    expect(error).toMatchObject({
      code: "PC202",
      phase: "connect",
      detail: `127.0.0.1:${port}`,
    });
    expect(isRetryable(error)).toBe(true);
  });

  it("PC203: an address that swallows packets ends at its limit", async () => {
    const hole = await startFullBacklog();
    try {
      const error = await failure({ port: hole.port, limits: { connectMs: 300 } });
      expect(error).toMatchObject({
        code: "PC203",
        phase: "connect",
        detail: `127.0.0.1:${hole.port}: no answer within 0.3 s`,
      });
      expect(isRetryable(error)).toBe(true);
    } finally {
      hole.stop();
    }
  });

  it("PC204: an address that can't be reached", async () => {
    const error = await failure({ host: "255.255.255.255" });
    expect(error).toMatchObject({ code: "PC204", phase: "connect" });
  });

  it("tries all addresses of a name", async () => {
    // localhost may be ::1 first; the server is on 127.0.0.1 only.
    const error = await failure({ host: "localhost" });
    expect(error).toMatchObject({ code: "PC211" });
  });
});

describe("the handshake", () => {
  it("PC205: a peer that closes at once", async () => {
    const error = await failureOfTalker("");
    expect(error).toMatchObject({ code: "PC205", phase: "handshake" });
    expect(isRetryable(error)).toBe(true);
  });

  it("PC205: a peer that speaks something else, quoted safely", async () => {
    expect(await failureOfTalker("HTTP/1.1 400 Bad\x1b[2J\r\n\r\n")).toMatchObject({
      code: "PC205",
      message: expect.stringContaining(String.raw`it said "HTTP/1.1 400 Bad\x1b[2J"`),
    });
  });

  it.each(["Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"])(
    "PC206: throttling by its words %j",
    async (text) => {
      const error = await failureOfTalker(text);
      expect(error).toMatchObject({ code: "PC206", phase: "handshake" });
      expect(isRetryable(error)).toBe(true);
    },
  );

  it("PC206: a real sshd that throttles", async () => {
    const busy = await startSshd({ config: ["MaxStartups 1:100:1"] });
    const holder = net.connect(busy.port, "127.0.0.1").on("error", () => undefined);
    try {
      await once(holder, "data");
      expect(await failure({ port: busy.port })).toMatchObject({ code: "PC206" });
    } finally {
      holder.destroy();
      await busy.stop();
    }
  });

  it("PC207: a peer that never answers ends at its limit", async () => {
    const error = await failureOfTalker("", false);
    expect(error).toMatchObject({
      code: "PC207",
      phase: "handshake",
      message: expect.stringContaining("within 0.3 s"),
    });
    expect(isRetryable(error)).toBe(true);
  });

  it("PC207: a peer that stops after its name, or speaks rubbish", async () => {
    expect(await failureOfTalker("SSH-2.0-OpenSSH_9.2\r\n")).toMatchObject({ code: "PC207" });
    const rubbish = `SSH-2.0-OpenSSH_9.2\r\n${"x".repeat(5000)}`;
    expect(await failureOfTalker(rubbish)).toMatchObject({ code: "PC207" });
  });

  it("survives an endless greeting", async () => {
    expect(await failureOfTalker(`${"x".repeat(100_000)}\n`.repeat(20), false)).toMatchObject({
      code: "PC205",
    });
  });

  it("PC208: no common algorithm, naming the kind", async () => {
    const old = await startSshd({ config: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] });
    try {
      const error = await failure({ port: old.port });
      expect(error).toMatchObject({
        code: "PC208",
        phase: "handshake",
        message: expect.stringContaining("no matching key exchange algorithm"),
      });
      expect(isRetryable(error)).toBe(false);
    } finally {
      await old.stop();
    }
  });

  it.each([
    "HostKeyAlgorithms ssh-rsa",
    "Ciphers aes128-cbc",
    "Ciphers chacha20-poly1305@openssh.com",
  ])("PC208: refuses %s", async (line) => {
    const weak = await startSshd({ config: [line], hostKeyTypes: ["rsa"] });
    try {
      expect(await failure({ port: weak.port })).toMatchObject({ code: "PC208" });
    } finally {
      await weak.stop();
    }
  });

  it("a link that dies in the handshake or the login ends at that phase's limit", async () => {
    const whole = await startCutProxy(sshd.port);
    expect(await failure({ port: whole.port })).toBeUndefined();
    await whole.stop();
    const seen = new Set<string>();
    for (const part of [0.01, 0.3, 0.6, 0.8, 0.95]) {
      const after = Math.floor(whole.passed.up * part);
      const proxy = await startCutProxy(sshd.port, { blackHole: { direction: "up", after } });
      try {
        const limits = { handshakeMs: 400, authMs: 400 };
        const error = (await failure({ port: proxy.port, limits })) as PullcastError;
        expect(isRetryable(error)).toBe(true);
        seen.add(`${error.code} ${error.phase}`);
      } finally {
        await proxy.stop();
      }
    }
    expect([...seen]).toEqual(["PC207 handshake", "PC227 auth"]);
  });

  it("a link that is reset or closed in the login is PC226, and worth another try", async () => {
    const whole = await startCutProxy(sshd.port);
    expect(await failure({ port: whole.port })).toBeUndefined();
    await whole.stop();
    for (const how of ["rst", "fin"] as const) {
      const after = Math.floor(whole.passed.up * 0.9);
      const proxy = await startCutProxy(sshd.port, { cut: { direction: "up", after, how } });
      try {
        const error = await failure({ port: proxy.port });
        expect(error).toMatchObject({ code: "PC226", phase: "auth" });
        expect(isRetryable(error)).toBe(true);
      } finally {
        await proxy.stop();
      }
    }
  });
});

describe("an abort", () => {
  it("ends every phase at once with its reason", async () => {
    const reason = new Error("stopped by the user");
    const hole = await startFullBacklog();
    const silent = await startTalker("", false);
    try {
      for (const port of [hole.port, silent.port]) {
        const controller = new AbortController();
        const failed = failure({ port, signal: controller.signal });
        setImmediate(() => controller.abort(reason));
        expect(await failed).toBe(reason);
      }
      expect(await failure({ signal: AbortSignal.abort(reason) })).toBe(reason);
    } finally {
      hole.stop();
      silent.stop();
    }
  });
});
