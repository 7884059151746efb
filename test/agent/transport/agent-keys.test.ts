import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { type SshAgent, startSshAgent } from "../../rig/ssh-agent.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor, targetOf, withSession } from "../../rig/transport.ts";

const SIGN_REQUEST = 13;

let dir: string;
let sshd: Sshd;
let agent: SshAgent;
let strangers: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-agent-keys-"));
  strangers = Array.from({ length: 7 }, (_, index) => join(dir, `stranger-${index}`));
  await Promise.all(strangers.map((path) => makeKey(path)));
  sshd = await startSshd();
  agent = await startSshAgent();
  await agent.add(...strangers, sshd.key);
});
afterAll(async () => {
  await agent.stop();
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What stands between pullcast and the agent, and sees each request. */
async function agentProxy(onRequest: (type: number) => "pass" | "drop") {
  const path = join(dir, `proxy-${Math.random().toString(36).slice(2)}`);
  const sockets = new Set<net.Socket>();
  const seen = { list: 0, sign: 0, atOnce: 0, mostAtOnce: 0 };
  const server = net.createServer((client) => {
    const upstream = net.connect(agent.socket);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("data", (chunk) => {
      const isSign = chunk[4] === SIGN_REQUEST;
      seen[isSign ? "sign" : "list"] += 1;
      if (isSign) {
        seen.atOnce += 1;
        seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.atOnce);
      }
      if (onRequest(chunk[4] ?? 0) === "pass") upstream.write(chunk);
      upstream.once("data", (answer) => {
        if (isSign) seen.atOnce -= 1;
        client.write(answer);
      });
    });
    client.on("close", () => upstream.destroy());
  });
  server.listen(path);
  await once(server, "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { path, seen, close };
}

/** Opens sessions at once; their errors, or `undefined`. */
async function openAll(count: number, changes: Partial<SshOptions>): Promise<unknown[]> {
  const transport = await createTransport(optionsFor(sshd, { identities: [], ...changes }));
  const opened = Array.from({ length: count }, () => transport.open(targetOf("127.0.0.1"), NEVER));
  const results = await Promise.allSettled(opened);
  await transport.close();
  return results.map((result) => (result.status === "rejected" ? result.reason : undefined));
}

const refusals = () => sshd.log().match(/Failed publickey/g)?.length ?? 0;

describe("an agent of 8 keys, the right one last", () => {
  it("the key that is named is the first one offered", async () => {
    const before = refusals();
    const options = { identities: [`${sshd.key}.pub`], agentSocket: agent.socket };
    expect(await withSession(optionsFor(sshd, options), async () => true)).toBe(true);
    expect(refusals()).toBe(before);
  });

  it("PC260 says how many it holds, and to name the right one", async () => {
    const [error] = await openAll(1, { agentSocket: agent.socket });
    expect(error).toMatchObject({
      code: "PC260",
      message: expect.stringContaining("3 of 8 keys were not offered: ssh-agent holds 8"),
      fix: expect.stringContaining("IdentityFile and IdentitiesOnly yes"),
    });
  });
});

it("the agent is listed once for 20 nodes, and asked for one signature at a time", async () => {
  const { path, seen, close } = await agentProxy(() => "pass");
  try {
    const errors = await openAll(20, { identities: [`${sshd.key}.pub`], agentSocket: path });
    expect(errors.filter(Boolean)).toEqual([]);
    expect(seen).toMatchObject({ list: 1, sign: 20, mostAtOnce: 1 });
  } finally {
    close();
  }
});

it("PC262 for all nodes where the agent goes silent at a signature, after waiting for it once", async () => {
  const { path, seen, close } = await agentProxy((type) =>
    type === SIGN_REQUEST ? "drop" : "pass",
  );
  try {
    const limits = { ...LIMITS, authMs: 1000 };
    const errors = await openAll(10, {
      identities: [`${sshd.key}.pub`],
      agentSocket: path,
      limits,
    });
    for (const error of errors) {
      expect(error).toMatchObject({
        code: "PC262",
        phase: "auth",
        message: expect.stringMatching(
          /\(agent "rig"\) would be accepted, but: it does not answer/,
        ),
      });
    }
    expect([errors.length, seen.sign]).toEqual([10, 1]);
  } finally {
    close();
  }
});

it("PC262 where a confirmation is refused", async () => {
  const guarded = await startSshAgent({ SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" });
  try {
    await guarded.add("-c", sshd.key);
    const [error] = await openAll(1, { agentSocket: guarded.socket });
    expect(error).toMatchObject({
      code: "PC262",
      message: expect.stringContaining("would be accepted, but: it refuses to sign"),
    });
  } finally {
    await guarded.stop();
  }
});

it("a server that wants a password beside the agent's key is named as such", async () => {
  const config = ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"];
  const more = await startSshd({ config });
  const own = await startSshAgent();
  try {
    await own.add(more.key);
    const options = optionsFor(more, { identities: [], agentSocket: own.socket });
    await expect(withSession(options, async () => true)).rejects.toMatchObject({
      code: "PC221",
      message: expect.stringMatching(
        /user \S+, ED25519 \S+ \(agent "rig"\) was accepted, but the node wants more; it accepts password$/,
      ),
      fix: expect.stringContaining("--ask-pass"),
    });
  } finally {
    await own.stop();
    await more.stop();
  }
});
