import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PullcastError } from "../../agent/errors.ts";
import { isRetryable } from "../../agent/transport/retryable.ts";
import type { SshOptions } from "../../agent/transport/transport.ts";
import { startCutProxy } from "../rig/cut-proxy.ts";
import { startFullBacklog } from "../rig/full-backlog.ts";
import { freePort, makeKey, type Sshd, startSshd } from "../rig/sshd.ts";
import { LIMITS, optionsFor } from "../rig/transport.ts";
import { attempt, failure, TRANSPORTS } from "./attempt.ts";

describe.each(TRANSPORTS)("connecting by %s", (transport) => {
  let sshd: Sshd;
  let dir: string;

  beforeAll(async () => {
    sshd = await startSshd({ config: ["ListenAddress ::1"], hostKeyTypes: ["ed25519", "ecdsa"] });
    dir = await mkdtemp(join(tmpdir(), "pullcast-contract-"));
  });

  afterAll(async () => {
    await sshd.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const options = (changes: Partial<SshOptions> = {}, server = sshd) =>
    optionsFor(server, { transport, ...changes });

  /** A server that says something to every client and stays. */
  async function withTalker(text: string, hangUp: boolean, use: (port: number) => Promise<void>) {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket.on("error", () => undefined).resume());
      if (hangUp) socket.end(text);
      else socket.write(text);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      await use((server.address() as net.AddressInfo).port);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  }

  async function withServer(config: readonly string[], use: (server: Sshd) => Promise<void>) {
    const server = await startSshd({ config });
    try {
      await use(server);
    } finally {
      await server.stop();
    }
  }

  it("PC201: a name that does not exist, tried once", async () => {
    const error = await failure(options(), { host: "no-such-node.invalid" });
    expect(error).toMatchObject({ code: "PC201", phase: "resolve" });
    expect(isRetryable(error)).toBe(false);
  });

  it("PC202: a closed port, worth another try", async () => {
    const error = await failure(options({ port: await freePort() }));
    expect(error).toMatchObject({ code: "PC202", phase: "connect" });
    expect(isRetryable(error)).toBe(true);
  });

  it("PC203: an address that swallows packets, within its limit", async () => {
    const hole = await startFullBacklog();
    try {
      const limits = { ...LIMITS, resolveMs: 100, connectMs: 300 };
      const error = await failure(options({ port: hole.port, limits }));
      expect(error).toMatchObject({ code: "PC203", phase: "connect" });
      expect(isRetryable(error)).toBe(true);
    } finally {
      hole.stop();
    }
  });

  it("PC204: an address that can't be reached", async () => {
    const error = await failure(options(), { host: "255.255.255.255" });
    expect(error).toMatchObject({ code: "PC204", phase: "connect" });
  });

  it("PC205: a peer that closes before it speaks SSH, or speaks something else", async () => {
    for (const text of ["", "HTTP/1.1 400 Bad\x1b[2J\r\n\r\n"]) {
      await withTalker(text, true, async (port) => {
        const error = await failure(options({ port }));
        expect(error).toMatchObject({ code: "PC205", phase: "handshake" });
        expect((error as PullcastError).message).not.toContain("\x1b");
        expect(isRetryable(error)).toBe(true);
      });
    }
  });

  it.each(["Exceeded MaxStartups\r\n", "Not allowed at this time\r\n"])(
    "PC206: throttling by its words %j",
    async (text) => {
      await withTalker(text, true, async (port) => {
        const error = await failure(options({ port }));
        expect(error).toMatchObject({ code: "PC206", phase: "handshake" });
        expect(isRetryable(error)).toBe(true);
      });
    },
  );

  it("PC206: a real sshd that throttles", async () => {
    await withServer(["MaxStartups 1:100:1"], async (busy) => {
      const holder = net.connect(busy.port, "127.0.0.1").on("error", () => undefined);
      await once(holder, "data");
      expect(await failure(options({}, busy))).toMatchObject({ code: "PC206" });
      holder.destroy();
    });
  });

  it("PC207: a peer that never answers, within the handshake's limit", async () => {
    const limits = { ...LIMITS, handshakeMs: 300 };
    await withTalker("", false, async (port) => {
      expect(await failure(options({ port, limits }))).toMatchObject({
        code: "PC207",
        phase: "handshake",
        message: expect.stringContaining("within 0.3 s"),
      });
    });
  });

  it("PC207: a peer that stops after its name", async () => {
    const limits = { ...LIMITS, handshakeMs: 300 };
    await withTalker("SSH-2.0-OpenSSH_9.2\r\n", false, async (port) => {
      const error = await failure(options({ port, limits }));
      expect(error).toMatchObject({ code: "PC207", phase: "handshake" });
    });
  });

  it("PC227: a server that is slow to judge the login, within the login's limit", async () => {
    const slow = ["AuthorizedKeysCommand /bin/sleep 60", "AuthorizedKeysCommandUser root"];
    await withServer([...slow, "AuthorizedKeysFile none"], async (server) => {
      const limits = { ...LIMITS, authMs: 500 };
      const error = await failure(options({ limits }, server));
      expect(error).toMatchObject({
        code: "PC227",
        phase: "auth",
        message: expect.stringContaining("within 0.5 s"),
      });
    });
  });

  it("PC226: a link that is reset in the login, worth another try", async () => {
    const asked = join(dir, `asked-${transport}`);
    const slow = [
      `AuthorizedKeysCommand /bin/sh -c "touch ${asked}; sleep 60"`,
      ...["AuthorizedKeysCommandUser root", "AuthorizedKeysFile none"],
    ];
    await withServer(slow, async (server) => {
      const proxy = await startCutProxy(server.port);
      try {
        const failed = failure(options({ port: proxy.port }, server));
        await expect.poll(() => existsSync(asked), { timeout: 10_000 }).toBe(true);
        proxy.reset();
        const error = await failed;
        expect(error).toMatchObject({ code: "PC226", phase: "auth" });
        expect(isRetryable(error)).toBe(true);
      } finally {
        await proxy.stop();
      }
    });
  });

  describe("with host keys", () => {
    const known = async (text: string): Promise<SshOptions> => {
      const file = join(dir, `known-${transport}`);
      await writeFile(file, text.replaceAll("NAME", `[127.0.0.1]:${sshd.port}`));
      return options({ knownHosts: [file] });
    };

    it("PC211: an unknown one, with the fingerprint to compare", async () => {
      expect(await failure(await known(""))).toMatchObject({
        code: "PC211",
        phase: "host-key",
        message: expect.stringMatching(/ED25519 SHA256:/i),
      });
    });

    it("PC212: a changed one, with the line that has the old", async () => {
      const other = await makeKey(join(dir, `other-${transport}`));
      const error = await failure(await known(`# a line\nNAME ${other}\n`));
      expect(error).toMatchObject({
        code: "PC212",
        phase: "host-key",
        message: expect.stringMatching(/SHA256:.*known-\w+:2/),
        fix: expect.stringContaining("find out why"),
      });
      expect(isRetryable(error)).toBe(false);
    });

    it("PC213: a revoked one", async () => {
      const key = sshd.hostKeys.ed25519;
      expect(await failure(await known(`NAME ${key}\n@revoked NAME ${key}\n`))).toMatchObject({
        code: "PC213",
        phase: "host-key",
      });
    });

    it("takes a new one only where accept-new says so, tells it, and knows it from then on", async () => {
      const fresh = { ...(await known("")), hostKeyChecking: "accept-new" as const };
      const { session } = await attempt(fresh);
      expect(session.hostKeyAdded).toBe(true);
      const text = await readFile(fresh.knownHosts?.[0] ?? "", "utf8");
      expect(text).toContain(sshd.hostKeys.ed25519);
      const again = await attempt({ ...fresh, hostKeyChecking: "strict" });
      expect(again.session.hostKeyAdded).toBe(false);
    });

    it("keeps a new one in a file whose directory is missing, and makes that for its user alone", async () => {
      const missing = join(dir, `missing-${transport}`);
      const file = join(missing, "known_hosts");
      const fresh = { ...(await known("")), knownHosts: [file] };
      await attempt({ ...fresh, hostKeyChecking: "accept-new" });
      expect(await readFile(file, "utf8")).toContain(sshd.hostKeys.ed25519);
      expect((await stat(missing)).mode & 0o777).toBe(0o700);
    });

    it("asks for the type that is known, of several that the host has", async () => {
      expect(await failure(await known(`NAME ${sshd.hostKeys.ecdsa}\n`))).toBeUndefined();
    });
  });

  it("PC221: a key that the node refuses, with its fingerprint and what the node takes", async () => {
    const key = join(dir, `refused-${transport}`);
    await makeKey(key);
    const error = await failure(options({ identities: [key] }));
    expect(error).toMatchObject({
      code: "PC221",
      phase: "auth",
      message: expect.stringMatching(/offered .*SHA256:.*; it accepts publickey/),
    });
    expect(isRetryable(error)).toBe(false);
  });

  it("PC260: a node that takes no more tries", async () => {
    const keys = ["many-1", "many-2", "many-3"].map((name) => join(dir, `${name}-${transport}`));
    for (const key of keys) await makeKey(key);
    await withServer(["MaxAuthTries 2"], async (server) => {
      const error = await failure(options({ identities: keys }, server));
      expect(error).toMatchObject({
        code: "PC260",
        phase: "auth",
        message: expect.stringMatching(/offered .*SHA256:/),
      });
    });
  });

  it("PC223: no key at all", async () => {
    const none = await failure(options({ identities: [] }));
    expect(none).toMatchObject({ code: "PC223", phase: "auth" });
  });

  it("PC222: a key file that was named and isn't there", async () => {
    const missing = join(dir, "none");
    expect(await failure(options({ identities: [missing] }))).toMatchObject({
      code: "PC222",
      message: expect.stringContaining(missing),
    });
  });

  it("PC225: a node that opens no session", async () => {
    await withServer(["MaxSessions 0"], async (server) => {
      expect(await failure(options({}, server))).toMatchObject({ code: "PC225", phase: "channel" });
    });
  });

  it("needs one session", async () => {
    await withServer(["MaxSessions 1"], async (server) => {
      expect(await failure(options({}, server))).toBeUndefined();
    });
  });

  it("reaches an IPv6 address", async () => {
    const file = join(dir, `known6-${transport}`);
    await writeFile(file, `[::1]:${sshd.port} ${sshd.hostKeys.ed25519}\n`);
    const { stdout } = await attempt(options({ knownHosts: [file] }), {
      host: "::1",
      command: "echo $SSH_CONNECTION",
    });
    expect(stdout).toMatch(/^::1 /);
  });
});
