import { execFile } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { type SshAgent, startSshAgent } from "../../rig/ssh-agent.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import {
  LIMITS,
  NEVER,
  optionsFor,
  runCommand,
  targetOf,
  withSession,
} from "../../rig/transport.ts";

const run = promisify(execFile);

let sshd: Sshd;
let dir: string;
/** Key files whose public halves sshd takes. */
const good = { ecdsa: "", rsa: "", encrypted: "", pkcs8: [] as string[] };
let strangers: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-auth-"));
  const authorizedKeys: string[] = [];
  for (const type of ["ecdsa", "rsa"] as const) {
    good[type] = join(dir, type);
    authorizedKeys.push(await makeKey(good[type], { type }));
  }
  good.encrypted = join(dir, "encrypted");
  authorizedKeys.push(await makeKey(good.encrypted, { passphrase: "open sesame" }));
  for (const { name, pem, line } of pkcs8Keys()) {
    const path = join(dir, name);
    await writeFile(path, pem, { mode: 0o600 });
    authorizedKeys.push(line ?? (await run("ssh-keygen", ["-y", "-f", path])).stdout.trim());
    good.pkcs8.push(path);
  }
  strangers = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const path = join(dir, `stranger-${index}`);
      await makeKey(path);
      return path;
    }),
  );
  sshd = await startSshd({ authorizedKeys, config: ["MaxAuthTries 6"] });
});

afterAll(async () => {
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

function pkcs8Keys(): { name: string; pem: string; line?: string }[] {
  const pem = { type: "pkcs8", format: "pem" } as const;
  const spki = { type: "spki", format: "der" } as const;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem).toString();
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem).toString();
  const pair = generateKeyPairSync("ed25519");
  const point = pair.publicKey.export(spki).subarray(-32);
  const head = Buffer.from("0000000b7373682d6564323535313900000020", "hex");
  return [
    { name: "pkcs8-rsa", pem: rsa },
    { name: "pkcs8-ec", pem: ec },
    {
      name: "pkcs8-ed25519",
      pem: pair.privateKey.export(pem).toString(),
      line: `ssh-ed25519 ${Buffer.concat([head, point]).toString("base64")}`,
    },
  ];
}

async function opens(changes: Partial<SshOptions>): Promise<boolean> {
  return await withSession(optionsFor(sshd, changes), async () => true);
}

async function withAgent<T>(
  keys: readonly string[],
  use: (agent: SshAgent) => Promise<T>,
): Promise<T> {
  const agent = await startSshAgent();
  try {
    if (keys.length > 0) await agent.add(...keys);
    return await use(agent);
  } finally {
    await agent.stop();
  }
}

describe("key files", () => {
  it.each(["ecdsa", "rsa"] as const)("logs in with an %s key", async (type) => {
    expect(await opens({ identities: [good[type]] })).toBe(true);
  });

  it("logs in with PKCS#8 keys of all kinds", async () => {
    for (const path of good.pkcs8) expect(await opens({ identities: [path] })).toBe(true);
  });

  it("tries the next key after one that is refused", async () => {
    const identities = [...strangers.slice(0, 4), sshd.key];
    expect(await opens({ identities })).toBe(true);
  });

  it("PC221 names the user, the keys and what the server takes", async () => {
    const [stranger = ""] = strangers;
    await expect(opens({ identities: [stranger] })).rejects.toMatchObject({
      code: "PC221",
      phase: "auth",
      message: expect.stringMatching(
        new RegExp(
          `user ${sshd.user}, offered ED25519 SHA256:\\S+ \\(${stranger}\\); it accepts publickey`,
        ),
      ),
    });
  });

  it("PC260 for a server that ends it before all keys were offered, in the server's words", async () => {
    const strict = await startSshd({ config: ["MaxAuthTries 2"] });
    try {
      const options = optionsFor(strict, { identities: strangers.slice(0, 4) });
      await expect(withSession(options, async () => true)).rejects.toMatchObject({
        code: "PC260",
        phase: "auth",
        message: expect.stringMatching(
          /offered ED25519 \S+ \(\S+-0\), ED25519 \S+ \(\S+-1\); .*it said "Too many authentication failures"/,
        ),
        fix: expect.stringContaining("IdentitiesOnly yes"),
      });
    } finally {
      await strict.stop();
    }
  });

  it("PC221 for a server that wants more than a key", async () => {
    const more = await startSshd({
      config: ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"],
    });
    try {
      await expect(withSession(optionsFor(more), async () => true)).rejects.toMatchObject({
        code: "PC221",
        message: expect.stringContaining("accepted, but the node wants more; it accepts password"),
      });
    } finally {
      await more.stop();
    }
  });

  it("PC223 without any key, with what the server takes", async () => {
    await expect(opens({ identities: [] })).rejects.toMatchObject({
      code: "PC223",
      phase: "auth",
      message: expect.stringContaining("it accepts publickey"),
    });
  });

  it("PC222 at once for a given file that can't be used, before any node", async () => {
    const garbage = join(dir, "garbage");
    await writeFile(garbage, "not a key", { mode: 0o600 });
    const putty = join(dir, "putty.ppk");
    const head = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: \n";
    await writeFile(putty, head, { mode: 0o600 });
    const open = join(dir, "open");
    await writeFile(open, await readFile(sshd.key));
    await chmod(open, 0o644);
    const another = "give the right file with -i";
    const cases: [path: string, words: string, fix: string][] = [
      [join(dir, "missing"), "there is no such file", another],
      [dir, "it is not a file", another],
      [garbage, "it is not a private key", another],
      [putty, "it is in PuTTY's format", `puttygen ${putty} -O private-openssh`],
      [`${sshd.key}.pub`, "it is a public key", "give the private key's file with -i"],
      [good.encrypted, "it is encrypted", `ssh-add ${good.encrypted}`],
      [open, "others may read it (mode 0644)", `chmod 600 ${open}`],
    ];
    for (const [path, words, fix] of cases) {
      await expect(createTransport(optionsFor(sshd, { identities: [path] }))).rejects.toMatchObject(
        {
          code: "PC222",
          detail: expect.stringContaining(`${path}: ${words}`),
          fix: expect.stringContaining(fix),
        },
      );
    }
  });

  it("passes over default files that are missing, and notes those that can't be used", async () => {
    const missing = join(dir, "missing");
    expect(await opens({ identities: [], defaultIdentities: [missing, sshd.key] })).toBe(true);
    const defaultIdentities = [missing, good.encrypted];
    await expect(opens({ identities: [], defaultIdentities })).rejects.toMatchObject({
      code: "PC223",
      message: expect.stringMatching(/^((?!missing).)*encrypted was left out: it is encrypted/),
    });
  });
});

describe("ssh-agent", () => {
  it("logs in with its key", async () => {
    await withAgent([good.rsa], async ({ socket }) => {
      expect(await opens({ identities: [], agentSocket: socket })).toBe(true);
    });
  });

  it("signs for a given public key or an encrypted file", async () => {
    await withAgent([...strangers.slice(0, 6), good.ecdsa], async ({ socket }) => {
      const identities = [`${good.ecdsa}.pub`];
      expect(await opens({ identities, agentSocket: socket })).toBe(true);
    });
    const copy = join(dir, "copy");
    await writeFile(copy, await readFile(good.encrypted), { mode: 0o600 });
    await run("ssh-keygen", ["-q", "-p", "-P", "open sesame", "-N", "", "-f", copy]);
    await withAgent([copy], async ({ socket }) => {
      expect(await opens({ identities: [good.encrypted], agentSocket: socket })).toBe(true);
    });
  });

  it("PC260: offers 5 of its 10 keys, so that sshd doesn't hang up, and says so", async () => {
    await withAgent(strangers, async ({ socket }) => {
      await expect(opens({ identities: [], agentSocket: socket })).rejects.toMatchObject({
        code: "PC260",
        message: expect.stringMatching(
          /\(agent "rig"\).*; 5 of 10 keys were not offered: ssh-agent holds 10, and sshd takes few tries/,
        ),
      });
      expect(await opens({ agentSocket: socket })).toBe(true);
    });
  });

  it("serves 20 nodes at once", async () => {
    await withAgent([sshd.key], async ({ socket }) => {
      const transport = await createTransport(
        optionsFor(sshd, { identities: [], agentSocket: socket }),
      );
      const all = Array.from({ length: 20 }, () => transport.open(targetOf("127.0.0.1"), NEVER));
      await expect(Promise.all(all)).resolves.toHaveLength(20);
      await transport.close();
    });
  });

  it("does without an agent that is gone, and says so when it matters", async () => {
    const agentSocket = join(dir, "gone");
    expect(await opens({ agentSocket })).toBe(true);
    await expect(opens({ identities: [], agentSocket })).rejects.toMatchObject({
      code: "PC223",
      message: expect.stringContaining("ssh-agent: it can't be reached (ENOENT)"),
    });
  });

  it("does without an agent that never answers", async () => {
    const path = join(dir, "silent");
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket)).listen(path);
    await once(server, "listening");
    try {
      const limits = { ...LIMITS, authMs: 500 };
      await expect(opens({ identities: [], agentSocket: path, limits })).rejects.toMatchObject({
        code: "PC223",
        message: expect.stringContaining("ssh-agent: it does not answer"),
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it("is never handed on to the node", async () => {
    await withAgent([sshd.key], async ({ socket }) => {
      const options = optionsFor(sshd, { agentSocket: socket });
      const { stdout } = await runCommand(options, 'echo "agent:$SSH_AUTH_SOCK"');
      expect(stdout).toBe("agent:\n");
    });
  });
});

it("the PKCS#8 test keys really are PKCS#8", async () => {
  for (const path of good.pkcs8) {
    const text = await readFile(path, "utf8");
    expect(text).toContain("BEGIN PRIVATE KEY");
    expect(createPrivateKey(text).type).toBe("private");
  }
});
