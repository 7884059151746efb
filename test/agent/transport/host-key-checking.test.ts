import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Target } from "../../../agent/model.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { UnknownHostKey } from "../../../agent/transport/host-key-offer.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { NEVER, optionsFor, targetOf, withSession } from "../../rig/transport.ts";
import { clusterNode } from "../cluster/cluster-node.ts";

let sshd: Sshd;
let dir: string;
let otherKey: string;
let count = 0;

beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ["ed25519", "ecdsa", "rsa"] });
  dir = await mkdtemp(join(tmpdir(), "pullcast-hk-"));
  otherKey = (await makeKey(join(dir, "other"))).split(" ").slice(0, 2).join(" ");
});

afterAll(async () => {
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A new known_hosts file; `NAME` stands for the server's. */
async function knownHosts(text: string): Promise<string> {
  count += 1;
  const file = join(dir, `known_hosts_${count}`);
  await writeFile(file, text.replaceAll("NAME", `[127.0.0.1]:${sshd.port}`));
  return file;
}

async function open(text: string, changes: Partial<SshOptions> = {}) {
  const file = await knownHosts(text);
  const transport = await createTransport(optionsFor(sshd, { knownHosts: [file], ...changes }));
  try {
    const session = await transport.open(targetOf("127.0.0.1"), NEVER);
    const { hostKeyFingerprint, hostKeyAdded } = session;
    return { hostKeyFingerprint, hostKeyAdded, file: await readFile(file, "utf8") };
  } finally {
    await transport.close();
  }
}

function fingerprintOf(line: string | undefined): string {
  const blob = Buffer.from(line?.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

describe("host key checking", () => {
  it("refuses an unknown host, and shows the fingerprint to compare", async () => {
    await expect(open("")).rejects.toMatchObject({
      code: "PC211",
      phase: "host-key",
      detail: `127.0.0.1:${sshd.port}: it offers ED25519 ${fingerprintOf(sshd.hostKeys.ed25519)} as [127.0.0.1]:${sshd.port}`,
    });
  });

  it.each(["strict", "accept-new"] as const)(
    "refuses a changed key under %s, with both fingerprints and the line",
    async (hostKeyChecking) => {
      const error = await open(`\nNAME ${otherKey}\n`, { hostKeyChecking }).catch((e) => e);
      expect(error).toMatchObject({ code: "PC212", phase: "host-key" });
      expect(error.message).toContain(fingerprintOf(sshd.hostKeys.ed25519));
      expect(error.message).toContain(fingerprintOf(otherKey));
      expect(error.message).toContain(`known_hosts_${count}:2`);
      expect(error.fix).toMatch(
        new RegExp(
          `; only then ssh-keygen -R '\\[127\\.0\\.0\\.1\\]:${sshd.port}' -f \\S+/known_hosts_${count}$`,
        ),
      );
    },
  );

  it.each(["strict", "accept-new"] as const)("refuses a revoked key under %s", async (mode) => {
    const text = `NAME ${sshd.hostKeys.ed25519}\n@revoked NAME ${sshd.hostKeys.ed25519}\n`;
    await expect(open(text, { hostKeyChecking: mode })).rejects.toMatchObject({ code: "PC213" });
  });

  it.each(["strict", "accept-new"] as const)(
    "refuses under %s a host that shows another type than the known one",
    async (hostKeyChecking) => {
      const onlyRsa = await startSshd({ hostKeyTypes: ["rsa"] });
      try {
        const file = join(dir, `only-rsa-${hostKeyChecking}`);
        await writeFile(file, `[127.0.0.1]:${onlyRsa.port} ${otherKey}\n`);
        const options = optionsFor(onlyRsa, { knownHosts: [file], hostKeyChecking });
        const transport = await createTransport(options);
        await expect(transport.open(targetOf("127.0.0.1"), NEVER)).rejects.toMatchObject({
          code: "PC214",
        });
      } finally {
        await onlyRsa.stop();
      }
    },
  );

  it.each(["ed25519", "ecdsa", "rsa"] as const)(
    "asks for the %s key first where that is the known one",
    async (type) => {
      const { hostKeyFingerprint } = await open(`NAME ${sshd.hostKeys[type]}\n`);
      expect(hostKeyFingerprint).toBe(fingerprintOf(sshd.hostKeys[type]));
    },
  );

  it("adds a new key under accept-new, once, for many nodes at once", async () => {
    const file = await knownHosts("# mine\n");
    const options = optionsFor(sshd, { knownHosts: [file], hostKeyChecking: "accept-new" });
    const transport = await createTransport(options);
    const sessions = await Promise.all(
      Array.from({ length: 20 }, () => transport.open(targetOf("127.0.0.1"), NEVER)),
    );
    await transport.close();
    const added = sessions.filter((session) => session.hostKeyAdded);
    expect(added).toHaveLength(1);
    expect(await readFile(file, "utf8")).toBe(
      `# mine\n[127.0.0.1]:${sshd.port} ${sshd.hostKeys.ed25519}\n`,
    );
  });

  it("never takes a host as new that an authority covers", async () => {
    await expect(
      open(`@cert-authority * ${otherKey}\n`, { hostKeyChecking: "accept-new" }),
    ).rejects.toMatchObject({ code: "PC211", message: expect.stringContaining("@cert-authority") });
  });

  it("keeps nothing of a host whose login fails", async () => {
    const stranger = join(dir, "stranger");
    await makeKey(stranger);
    const file = await knownHosts("");
    const options = optionsFor(sshd, {
      knownHosts: [file],
      hostKeyChecking: "accept-new",
      identities: [stranger],
    });
    const transport = await createTransport(options);
    await expect(transport.open(targetOf("127.0.0.1"), NEVER)).rejects.toMatchObject({
      code: "PC221",
    });
    expect(await readFile(file, "utf8")).toBe("");
  });

  it("keeps nothing of a host that shows a key it doesn't own", async () => {
    const impostor = await startImpostor(sshd.hostKeys.ed25519 ?? "");
    try {
      const file = await knownHosts("");
      const options = optionsFor(sshd, { knownHosts: [file], hostKeyChecking: "accept-new" });
      const transport = await createTransport(options);
      await expect(
        transport.open(targetOf("127.0.0.1", impostor.port), NEVER),
      ).rejects.toMatchObject({
        code: "PC257",
        phase: "host-key",
      });
      expect(await readFile(file, "utf8")).toBe("");
    } finally {
      impostor.stop();
    }
  });
});

/** A node of a cluster, by its UID. */
function nodeTarget(uid: string): Target {
  const node = clusterNode({ name: "worker-1", uid });
  return { name: "worker-1", host: "127.0.0.1", addressKind: "InternalIP", node };
}

/** Options without files that the user named, so that ssh's and pullcast's own count. */
async function clusterOptions(users: string, changes: Partial<SshOptions> = {}) {
  const { knownHosts: _, ...options } = optionsFor(sshd);
  const { hostKeyChecking: __, ...rest } = options;
  const user = await knownHosts(users);
  const pinFile = join(dir, `pins_${count}`);
  return {
    ...rest,
    defaultKnownHosts: { user: [user], global: [] },
    pinFile,
    user: options.user ?? "",
    ...changes,
  };
}

async function openNode(options: SshOptions, uid: string) {
  const transport = await createTransport(options);
  try {
    return await transport.open(nodeTarget(uid), NEVER);
  } finally {
    await transport.close();
  }
}

describe("the keys of a cluster's nodes", () => {
  const pinned = (uid: string, key: string | undefined) => `node/${uid} ${key} worker-1\n`;

  it("are known by the node's UID, wherever it is reached", async () => {
    const options = await clusterOptions("");
    await writeFile(options.pinFile, pinned("u1", sshd.hostKeys.rsa));
    const session = await openNode(options, "U1");
    expect(session.hostKeyFingerprint).toBe(fingerprintOf(sshd.hostKeys.rsa));
    expect(session.hostKeyAdded).toBe(false);
  });

  it("another node at the same address is unknown, not an attack", async () => {
    const options = await clusterOptions("");
    await writeFile(options.pinFile, pinned("u1", otherKey));
    await expect(openNode(options, "u2")).rejects.toMatchObject({
      code: "PC211",
      fix: expect.stringMatching(/^pullcast trust worker-1, or compare /),
    });
  });

  it("the same node with another key is refused, whatever the user's known_hosts says", async () => {
    const options = await clusterOptions(`NAME ${sshd.hostKeys.ed25519}\n`);
    await writeFile(options.pinFile, pinned("u1", otherKey));
    const error = await openNode({ ...options, hostKeyChecking: "accept-new" }, "u1").catch(
      (e) => e,
    );
    expect(error).toMatchObject({
      code: "PC212",
      fix: expect.stringMatching(/; only then pullcast trust --replace worker-1$/),
    });
    expect(error.message).toContain(`${options.pinFile}:1`);
  });

  it("a pin is good though the user's known_hosts has a stale key for the address", async () => {
    const options = await clusterOptions(`NAME ${otherKey}\n`);
    await expect(openNode(options, "u1")).rejects.toMatchObject({
      code: "PC212",
      fix: expect.stringMatching(/; only then pullcast trust worker-1$/),
    });
    await writeFile(options.pinFile, pinned("u1", sshd.hostKeys.ecdsa));
    expect((await openNode(options, "u1")).hostKeyAdded).toBe(false);
  });

  it("a key that the user revoked is refused though it is pinned", async () => {
    const options = await clusterOptions(`@revoked * ${sshd.hostKeys.ed25519}\n`);
    await writeFile(options.pinFile, pinned("u1", sshd.hostKeys.ed25519));
    await expect(openNode(options, "u1")).rejects.toMatchObject({ code: "PC213" });
  });

  it("without a pin the user's known_hosts decides, and nothing is pinned", async () => {
    const options = await clusterOptions(`NAME ${sshd.hostKeys.ed25519}\n`);
    expect((await openNode(options, "u1")).hostKeyAdded).toBe(false);
    await expect(readFile(options.pinFile)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("accept-new pins by UID in pullcast's own file, and leaves the user's alone", async () => {
    const options = await clusterOptions("# mine\n", { hostKeyChecking: "accept-new" });
    expect((await openNode(options, "u1")).hostKeyAdded).toBe(true);
    expect((await openNode(options, "u1")).hostKeyAdded).toBe(false);
    expect(await readFile(options.pinFile, "utf8")).toBe(pinned("u1", sshd.hostKeys.ed25519));
    const [user = ""] = options.defaultKnownHosts.user;
    expect(await readFile(user, "utf8")).toBe("# mine\n");
  });

  it("a file that the user named holds pins too, and is only added to", async () => {
    const file = await knownHosts("# mine\n");
    const options = optionsFor(sshd, { knownHosts: [file], hostKeyChecking: "accept-new" });
    expect((await openNode(options, "u1")).hostKeyAdded).toBe(true);
    const text = `# mine\n${pinned("u1", sshd.hostKeys.ed25519)}`;
    expect(await readFile(file, "utf8")).toBe(text);
    await writeFile(file, text.replace(sshd.hostKeys.ed25519 ?? "", otherKey));
    await expect(openNode(options, "u1")).rejects.toMatchObject({
      code: "PC212",
      fix: expect.stringMatching(
        /only then ssh-keygen -R node\/u1 -f (\S+); pullcast trust --known-hosts \1 worker-1$/,
      ),
    });
  });

  it("an approved key is let in and pinned; without approval it is not", async () => {
    const options = await clusterOptions("");
    const transport = await createTransport(options);
    const refused = await transport.open(nodeTarget("u1"), NEVER).catch((e) => e);
    expect(refused).toBeInstanceOf(UnknownHostKey);
    expect(refused.offer).toMatchObject({
      node: "worker-1",
      keyType: "ED25519",
      fingerprint: fingerprintOf(sshd.hostKeys.ed25519),
    });
    transport.approve(refused.offer);
    // The approval is for this node alone.
    await expect(transport.open(nodeTarget("u2"), NEVER)).rejects.toMatchObject({ code: "PC211" });
    expect((await transport.open(nodeTarget("u1"), NEVER)).hostKeyAdded).toBe(true);
    await transport.close();
    expect(await readFile(options.pinFile, "utf8")).toBe(pinned("u1", sshd.hostKeys.ed25519));
  });

  it("strict never offers the question", async () => {
    const options = await clusterOptions("", { hostKeyChecking: "strict" });
    const refused = await openNode(options, "u1").catch((e) => e);
    expect(refused.code).toBe("PC211");
    expect(refused).not.toBeInstanceOf(UnknownHostKey);
  });
});

describe("a line about the host that can't be read", () => {
  it("is named where the key is unknown, and noted where another line is good", async () => {
    const bad = "NAME ssh-ed25519 AAAA\n";
    await expect(open(bad)).rejects.toMatchObject({
      code: "PC211",
      detail: expect.stringMatching(/; not read: \S+known_hosts_\d+:1$/),
    });
    const file = await knownHosts(`${bad}NAME ${sshd.hostKeys.ed25519}\n`);
    const { notices } = await withSession(
      optionsFor(sshd, { knownHosts: [file] }),
      async (session) => session,
    );
    expect(notices).toEqual([
      { code: "PC217", message: expect.stringMatching(/can't be read: \S+known_hosts_\d+:1$/) },
    ]);
  });
});

/** A server that shows a public key of another host; it can only sign with its own. */
async function startImpostor(line: string): Promise<{ port: number; stop: () => void }> {
  const key = ssh2.utils.parseKey(await readFile(join(dir, "other")));
  if (key instanceof Error) throw key;
  const stolen = Buffer.from(line.split(" ")[1] ?? "", "base64");
  Object.defineProperty(key, "getPublicSSH", { value: () => stolen });
  const hostKeys = [{ key }] as unknown as Buffer[];
  const server = new ssh2.Server({ hostKeys });
  server.on("connection", (client) => client.on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, stop: () => server.close() };
}
