import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../agent/secret.ts";
import { createTransport } from "../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../agent/transport/transport.ts";
import { configEntry } from "../rig/ssh-config.ts";
import { makeKey, type Sshd, startSshd } from "../rig/sshd.ts";
import { LIMITS, NEVER, targetOf } from "../rig/transport.ts";
import { attempt, failure, TRANSPORTS } from "./attempt.ts";

/** A jump host as careful people set it up: it forwards and does nothing else. */
const FORWARD_ONLY = ["PermitTTY no", "ForceCommand /bin/false", "AllowAgentForwarding no"];

describe.each(TRANSPORTS)("through jump hosts, %s", (transport) => {
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

  let count = 0;
  async function optionsBy(text: string, changes: Partial<SshOptions> = {}): Promise<SshOptions> {
    count += 1;
    const file = join(node.dir, `ssh config '${transport}' ${count}`);
    await writeFile(file, text);
    const config = { program: "ssh", file, options: [], homeDir: node.dir, env: {} };
    return { transport, identities: [], config, limits: LIMITS, ...changes };
  }

  it("reaches a node behind two that only forward, and brings input and output over", async () => {
    const text = [
      configEntry("outer", outer),
      configEntry("inner", inner, "ProxyJump none"),
      configEntry("node", node, "ProxyJump outer,inner"),
    ].join("");
    const { stdout } = await attempt(await optionsBy(text), {
      host: "node",
      command: "cat; echo $SSH_CONNECTION",
      input: "hello\n",
    });
    expect(stdout).toMatch(/^hello\n127\.0\.0\.1 /);
    for (const hop of [outer, inner]) expect(hop.log()).toContain("Accepted publickey");
  });

  it("uses the flags' keys and known_hosts for jump hosts too, their user and port for the node alone", async () => {
    const both = join(node.dir, `known both ${transport}`);
    const name = (sshd: Sshd) => `[127.0.0.1]:${sshd.port} ${sshd.hostKeys.ed25519}\n`;
    await writeFile(both, name(outer) + name(node));
    const text = [
      "Host jump\nHostName 127.0.0.1",
      `Port ${outer.port}`,
      "Host node\nHostName 127.0.0.1\nProxyJump jump\n",
    ].join("\n");
    const flags = { identities: [outer.key, node.key], knownHosts: [both], port: node.port };
    expect(
      await failure(await optionsBy(text, { ...flags, user: node.user }), { host: "node" }),
    ).toBeUndefined();
  });

  it("PC211: fails at the hop whose key is not known, and names it", async () => {
    const text =
      configEntry("outer", { ...outer, knownHosts: "/dev/null" }) +
      configEntry("node", node, "ProxyJump outer");
    expect(await failure(await optionsBy(text), { host: "node" })).toMatchObject({
      code: "PC211",
      phase: "host-key",
      message: expect.stringContaining(`127.0.0.1:${outer.port}`),
    });
  });

  it("PC221: fails at the hop that refuses the login", async () => {
    const stranger = join(node.dir, `stranger-${transport}`);
    await makeKey(stranger);
    const text =
      configEntry("outer", { ...outer, key: stranger }) +
      configEntry("node", node, "ProxyJump outer");
    expect(await failure(await optionsBy(text), { host: "node" })).toMatchObject({
      code: "PC221",
      message: expect.stringContaining(`127.0.0.1:${outer.port}`),
    });
  });

  it("PC204: fails where nobody listens behind the jump host", async () => {
    const gone = await startSshd();
    await gone.stop();
    const text = configEntry("outer", outer) + configEntry("node", gone, "ProxyJump outer");
    expect(await failure(await optionsBy(text), { host: "node" })).toMatchObject({
      code: "PC204",
      message: expect.stringContaining("via"),
    });
  });

  it("PC234: names a jump host that forbids forwarding", async () => {
    const closed = await startSshd({ config: ["AllowTcpForwarding no"] });
    try {
      const text = configEntry("closed", closed) + configEntry("node", node, "ProxyJump closed");
      expect(await failure(await optionsBy(text), { host: "node" })).toMatchObject({
        code: "PC234",
        fix: expect.stringContaining("AllowTcpForwarding"),
      });
    } finally {
      await closed.stop();
    }
  });

  it("starts no more at once than a jump host takes", async () => {
    const narrow = await startSshd({ config: ["MaxStartups 7:100:7"] });
    try {
      const text = configEntry("narrow", narrow) + configEntry("node-*", node, "ProxyJump narrow");
      const opened = await createTransport(await optionsBy(text));
      try {
        const ends = Array.from({ length: 12 }, async (_, index) => {
          const session = await opened.open(targetOf(`node-${index}`), NEVER);
          const input = new Secret<Uint8Array>(Buffer.alloc(0));
          return (await session.run({ command: "exit 7", input, signal: NEVER })).end;
        });
        expect(await Promise.all(ends)).toEqual(
          Array.from({ length: 12 }, () => ({ type: "exit", code: 7 })),
        );
      } finally {
        await opened.close();
      }
    } finally {
      await narrow.stop();
    }
  });
});
