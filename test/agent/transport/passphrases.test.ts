import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../../agent/secret.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { startSshAgent } from "../../rig/ssh-agent.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { NEVER, optionsFor, targetOf, withSession } from "../../rig/transport.ts";

const run = promisify(execFile);

const PASSPHRASE = "open sesame";

let sshd: Sshd;
let dir: string;
/** Encrypted, its public half in the clear. */
let openssh: string;
/** Encrypted, no public half to be seen anywhere. */
const hidden: Record<string, string> = {};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-passphrases-"));
  openssh = join(dir, "openssh");
  const authorizedKeys = [await makeKey(openssh, { passphrase: PASSPHRASE })];
  for (const [name, pem] of Object.entries(encryptedKeys())) {
    const path = join(dir, name);
    hidden[name] = path;
    await writeFile(path, pem, { mode: 0o600 });
    const { stdout } = await run("ssh-keygen", ["-y", "-P", PASSPHRASE, "-f", path]);
    authorizedKeys.push(stdout.trim());
  }
  sshd = await startSshd({ authorizedKeys, config: ["MaxAuthTries 6"] });
});

afterAll(async () => {
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

function encryptedKeys(): Record<string, string> {
  const sealed = { format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE } as const;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const text = (pem: string | Buffer) => pem.toString();
  return {
    "pkcs8-rsa": text(rsa.export({ type: "pkcs8", ...sealed })),
    "pkcs8-ec": text(ec.export({ type: "pkcs8", ...sealed })),
    "pem-rsa": text(rsa.export({ type: "pkcs1", ...sealed })),
    "pem-ec": text(ec.export({ type: "sec1", ...sealed })),
  };
}

/** Somebody at a terminal who gives these answers, one after another, then nothing. */
function person(...answers: readonly string[]) {
  const questions: string[] = [];
  const left = [...answers];
  const askSecret = async (question: string) => {
    questions.push(question);
    const answer = left.shift();
    return answer === undefined ? undefined : new Secret(answer);
  };
  return { questions, askSecret };
}

async function opens(changes: Partial<SshOptions>): Promise<boolean> {
  return await withSession(optionsFor(sshd, changes), async () => true);
}

describe("on a terminal", () => {
  it("an encrypted key of each format logs in with its passphrase", async () => {
    for (const path of [openssh, ...Object.values(hidden)]) {
      const { questions, askSecret } = person(PASSPHRASE);
      expect(await opens({ identities: [path], askSecret })).toBe(true);
      expect(questions).toEqual([`Passphrase for ${path}: `]);
    }
  });

  it("a passphrase is asked for once for 20 nodes at once", async () => {
    for (const path of [openssh, hidden["pkcs8-ec"] ?? ""]) {
      const { questions, askSecret } = person(PASSPHRASE);
      const transport = await createTransport(optionsFor(sshd, { identities: [path], askSecret }));
      const all = Array.from({ length: 20 }, () => transport.open(targetOf("127.0.0.1"), NEVER));
      await expect(Promise.all(all)).resolves.toHaveLength(20);
      await transport.close();
      expect(questions).toHaveLength(1);
    }
  });

  it("a wrong one is asked for again, 3 times in all", async () => {
    const second = person("wrong", PASSPHRASE);
    expect(await opens({ identities: [openssh], askSecret: second.askSecret })).toBe(true);
    expect(second.questions[1]).toBe(`That was wrong. Passphrase for ${openssh} (try 2 of 3): `);
    const path = hidden["pkcs8-rsa"] ?? "";
    const never = person("a", "b", "c", PASSPHRASE);
    await expect(opens({ identities: [path], askSecret: never.askSecret })).rejects.toMatchObject({
      code: "PC261",
      phase: "auth",
      message: expect.stringContaining(
        `${path}: its passphrase was wrong 3 times; it accepts publickey`,
      ),
      fix: `ssh-add ${path}`,
    });
    expect(never.questions).toHaveLength(3);
  });

  it("PC261 names the key that the node would accept, where no passphrase is given", async () => {
    const { askSecret } = person();
    await expect(opens({ identities: [openssh], askSecret })).rejects.toMatchObject({
      code: "PC261",
      message: expect.stringMatching(
        /offered (ED25519 SHA256:\S+ \(\S+openssh\)); \1 would be accepted, but: \S+openssh: no passphrase was given/,
      ),
    });
  });

  it("nobody is asked for the passphrase of a key that the node does not take", async () => {
    const stranger = join(dir, "stranger");
    await makeKey(stranger, { passphrase: PASSPHRASE });
    const { questions, askSecret } = person(PASSPHRASE);
    expect(await opens({ identities: [stranger, sshd.key], askSecret })).toBe(true);
    expect(questions).toEqual([]);
  });

  it("nobody is asked for a default file's passphrase while a key of the agent does", async () => {
    const agent = await startSshAgent();
    try {
      await agent.add(sshd.key);
      const { questions, askSecret } = person(PASSPHRASE);
      const options = { identities: [], defaultIdentities: [openssh], agentSocket: agent.socket };
      expect(await opens({ ...options, askSecret })).toBe(true);
      expect(questions).toEqual([]);
    } finally {
      await agent.stop();
    }
  });

  it("a person may take longer than the node may", async () => {
    const { limits } = optionsFor(sshd);
    const { askSecret } = person(PASSPHRASE);
    const slowly = async (question: string) => {
      await new Promise((resolve) => setTimeout(resolve, 4500));
      return await askSecret(question);
    };
    const changes = { limits: { ...limits, authMs: 4000 }, askSecret: slowly };
    expect(await opens({ identities: [openssh], ...changes })).toBe(true);
  });
});

describe("without a terminal", () => {
  it("PC222 for a given file names ssh-add", async () => {
    for (const path of [openssh, ...Object.values(hidden)]) {
      await expect(opens({ identities: [path] })).rejects.toMatchObject({
        code: "PC222",
        detail: expect.stringContaining("it is encrypted, no agent holds it"),
        fix: `ssh-add ${path}`,
      });
    }
  });

  it("a default file is left out, and the error names ssh-add", async () => {
    await expect(opens({ identities: [], defaultIdentities: [openssh] })).rejects.toMatchObject({
      code: "PC223",
      message: expect.stringContaining(`(ssh-add ${openssh})`),
    });
  });
});

it("the agent signs for a file of which only the public half is there, or that others may read", async () => {
  const agent = await startSshAgent();
  const absent = join(dir, "absent");
  const open = join(dir, "readable");
  try {
    await agent.add(sshd.key);
    await copyFile(`${sshd.key}.pub`, `${absent}.pub`);
    await copyFile(sshd.key, open);
    await run("chmod", ["644", open]);
    for (const path of [absent, open]) {
      expect(await opens({ identities: [path], agentSocket: agent.socket })).toBe(true);
    }
  } finally {
    await agent.stop();
  }
});
