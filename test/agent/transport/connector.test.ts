import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../../agent/secret.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, targetOf } from "../../rig/transport.ts";

/** A jump host as careful people set it up: it forwards and does nothing else. */
const FORWARD_ONLY = ["PermitTTY no", "ForceCommand /bin/false", "AllowAgentForwarding no"];

let outer: Sshd;
let inner: Sshd;
let node: Sshd;

beforeAll(async () => {
  [outer, inner, node] = await Promise.all([
    startSshd({ config: FORWARD_ONLY }),
    startSshd({ config: FORWARD_ONLY }),
    startSshd(),
  ]);
});
afterAll(() => Promise.all([outer, inner, node].map((sshd) => sshd.stop())));

/** Entries of ssh_config, each with its own key and known_hosts. */
function entry(name: string, sshd: Sshd, ...more: readonly string[]): string {
  return [
    `Host ${name}`,
    "HostName 127.0.0.1",
    `Port ${sshd.port}`,
    `User ${sshd.user}`,
    `IdentityFile ${sshd.key}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${sshd.knownHosts}`,
    ...more,
    "",
  ].join("\n");
}

let count = 0;

async function transportBy(text: string, changes: Partial<SshOptions> = {}) {
  count += 1;
  const file = join(node.dir, `ssh_config-${count}`);
  await writeFile(file, text);
  const config = { program: "ssh", file, options: [], homeDir: node.dir, env: {} };
  return await createTransport({ identities: [], config, limits: LIMITS, ...changes });
}

async function withTransport<T>(
  text: string,
  use: (transport: Awaited<ReturnType<typeof transportBy>>) => Promise<T>,
): Promise<T> {
  const transport = await transportBy(text);
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}

/** How many logins a server took. */
function logins(sshd: Sshd): number {
  return sshd.log().match(/Accepted publickey/g)?.length ?? 0;
}

const TWO_HOPS = () =>
  entry("outer", outer) +
  entry("inner", inner, "ProxyJump none") +
  entry("node-*", node, "ProxyJump outer,inner");

describe("nodes behind jump hosts that only forward", () => {
  it("are reached, each hop under its own key, over one connection to each jump host", async () => {
    const before = [outer, inner].map(logins);
    await withTransport(TWO_HOPS(), async (transport) => {
      const names = Array.from({ length: 12 }, (_, index) => `node-${index}`);
      const outcomes = await Promise.all(
        names.map(async (name) => {
          const session = await transport.open(targetOf(name), NEVER);
          const input = new Secret<Uint8Array>(Buffer.from(`${name}\n`));
          const outcome = await session.run({ command: "cat", input, signal: NEVER });
          await session.close();
          return outcome;
        }),
      );
      expect(outcomes.map(({ stdout }) => stdout.trim())).toEqual(names);
    });
    expect([outer, inner].map(logins)).toEqual(before.map((logged) => logged + 1));
  });

  it("bring a large input over whole", async () => {
    await withTransport(TWO_HOPS(), async (transport) => {
      const session = await transport.open(targetOf("node-1"), NEVER);
      const input = new Secret<Uint8Array>(Buffer.alloc(3_000_001, 7));
      expect((await session.run({ command: "wc -c", input, signal: NEVER })).stdout.trim()).toBe(
        "3000001",
      );
    });
  });

  it("fail at the hop whose key is not known, and name it", async () => {
    const text = entry("outer", outer) + entry("inner", { ...inner, knownHosts: "/dev/null" });
    await withTransport(
      text + entry("node-1", node, "ProxyJump outer,inner"),
      async (transport) => {
        await expect(transport.open(targetOf("node-1"), NEVER)).rejects.toMatchObject({
          code: "PC211",
          message: expect.stringContaining(`127.0.0.1:${inner.port} via 127.0.0.1:${outer.port}`),
        });
      },
    );
  });

  it("fail at the hop that refuses the login", async () => {
    const stranger = join(node.dir, "stranger");
    await makeKey(stranger).catch(() => undefined);
    const text = entry("outer", { ...outer, key: stranger });
    await withTransport(text + entry("node-1", node, "ProxyJump outer"), async (transport) => {
      await expect(transport.open(targetOf("node-1"), NEVER)).rejects.toMatchObject({
        code: "PC221",
        message: expect.stringContaining(`127.0.0.1:${outer.port}`),
      });
    });
  });

  it("fail where nobody listens behind the jump host, as a try that may be repeated", async () => {
    const gone = await startSshd();
    await gone.stop();
    const text = entry("outer", outer) + entry("node-1", gone, "ProxyJump outer");
    await withTransport(text, async (transport) => {
      await expect(transport.open(targetOf("node-1"), NEVER)).rejects.toMatchObject({
        code: "PC204",
        message: expect.stringContaining("via"),
      });
    });
  });
});

it("a jump host that forbids forwarding is named, with what to change there", async () => {
  const closed = await startSshd({ config: ["AllowTcpForwarding no"] });
  try {
    const text = entry("closed", closed) + entry("node-1", node, "ProxyJump closed");
    await withTransport(text, async (transport) => {
      await expect(transport.open(targetOf("node-1"), NEVER)).rejects.toMatchObject({
        code: "PC234",
        fix: expect.stringContaining("AllowTcpForwarding"),
      });
    });
  } finally {
    await closed.stop();
  }
});

it("a jump host that was lost is connected to anew", async () => {
  const jump = await startSshd();
  try {
    const text = entry("jump", jump) + entry("node-1", node, "ProxyJump jump");
    await withTransport(text, async (transport) => {
      const first = await transport.open(targetOf("node-1"), NEVER);
      const started = join(jump.dir, "started");
      const input = new Secret<Uint8Array>(Buffer.from("x"));
      const lost = first
        .run({ command: `touch ${started}; sleep 60`, input, signal: NEVER })
        .then(({ end }) => end.type);
      await expect.poll(() => existsSync(started), { timeout: 15_000 }).toBe(true);
      // The session's process of sshd, not the listener.
      execFileSync("pkill", ["-KILL", "-P", String(jump.pid)]);
      expect(await lost).toBe("lost");
      await first.close();
      const second = await transport.open(targetOf("node-1"), NEVER);
      expect(second.user).toBe(node.user);
    });
  } finally {
    await jump.stop();
  }
});
