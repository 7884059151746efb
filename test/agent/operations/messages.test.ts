import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctor } from "../../../agent/operations/doctor.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { startSshAgent } from "../../rig/ssh-agent.ts";
import { makeKey, type Sshd, type SshdOptions, startSshd } from "../../rig/sshd.ts";
import { NEVER, optionsFor } from "../../rig/transport.ts";

const run = promisify(execFile);
const arena = makeArena();
const SHA = "SHA256:[A-Za-z0-9+/]{43}";

let sshd: Sshd;
/** `TYPE BASE64` of a key that is no host's. */
let other: string;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ["ed25519"] });
  other = (await makeKey(join(sshd.dir, "other"))).split(" ").slice(0, 2).join(" ");
});
afterAll(async () => {
  await sshd?.stop();
  arena.remove();
});

/** What a user is told of a real login: the first problem of a probe, with its step. */
async function told(server: Pick<Sshd, "port">, ssh: SshOptions) {
  const { items } = await doctor({
    kubectl: { program: "/nonexistent/kubectl" },
    selection: { names: [], exclude: [], address: "auto", hosts: [`127.0.0.1:${server.port}`] },
    signal: NEVER,
    report: () => undefined,
    stateDir: arena.dir,
    ssh,
    concurrency: 1,
    replace: false,
    path: arena.newDir(),
    probe: true,
  });
  const { code = "PC000", message = "", fix = "" } = items[0]?.problems[0] ?? {};
  return { code, message, fix };
}

async function withSshd<T>(options: SshdOptions, use: (server: Sshd) => Promise<T>): Promise<T> {
  const server = await startSshd(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

let count = 0;
async function knownHosts(...lines: readonly string[]): Promise<string> {
  count += 1;
  const file = join(sshd.dir, `known-${count}`);
  await writeFile(file, lines.map((line) => `${line}\n`).join(""));
  return file;
}

const place = () => `127\\.0\\.0\\.1:${sshd.port}`;

describe("a host key", () => {
  test("not known: its fingerprint, and the line that would make it known", async () => {
    const file = await knownHosts();
    const { code, message, fix } = await told(sshd, optionsFor(sshd, { knownHosts: [file] }));
    expect(code).toBe("PC211");
    expect(message).toMatch(new RegExp(`${place()}: it offers ED25519 ${SHA} as `));
    const [, line = ""] = /add to known_hosts: (.+)$/.exec(fix) ?? [];
    expect(line).toBe(`[127.0.0.1]:${sshd.port} ${sshd.hostKeys.ed25519}`);
    await writeFile(file, `${line}\n`);
    expect((await told(sshd, optionsFor(sshd, { knownHosts: [file] }))).code).not.toBe("PC211");
  });

  test.each([
    { how: "with a port", alias: undefined },
    { how: "by an alias", alias: "node-7" },
  ])(
    "changed, known $how: both keys, file and line, and the ssh-keygen -R that forgets it",
    async ({ alias }) => {
      const name = alias ?? `[127.0.0.1]:${sshd.port}`;
      const file = await knownHosts("# mine", `${name} ${other}`);
      const options = optionsFor(sshd, { knownHosts: [file] });
      const config = {
        ...{ program: "ssh", file: "none", homeDir: sshd.dir, env: {} },
        options: alias === undefined ? [] : [`HostKeyAlias=${alias}`],
      };
      const { code, message, fix } = await told(sshd, { ...options, config });
      expect(code).toBe("PC212");
      expect(message).toMatch(
        new RegExp(`it offers ED25519 ${SHA}, known is ED25519 ${SHA} \\(${file}:2\\)`),
      );
      const [command = ""] = /ssh-keygen -R .*/.exec(fix) ?? [];
      await run("/bin/sh", ["-c", command]);
      expect(await readFile(file, "utf8")).toBe("# mine\n");
    },
  );

  test("known by another type only: the types on both sides", async () => {
    await withSshd({ hostKeyTypes: ["rsa"] }, async (server) => {
      const file = await knownHosts(`[127.0.0.1]:${server.port} ${other}`);
      const { code, message, fix } = await told(server, optionsFor(server, { knownHosts: [file] }));
      expect(code).toBe("PC214");
      expect(message).toMatch(
        new RegExp(`it offers RSA ${SHA}, known is ED25519 ${SHA} \\(${file}:1\\)`),
      );
      expect(fix).toContain("after comparing");
    });
  });
});

describe("a login", () => {
  test("refused: user, keys offered and left out with the step, and what the node takes", async () => {
    const locked = join(sshd.dir, "locked");
    const stranger = join(sshd.dir, "stranger");
    await makeKey(locked, { passphrase: "long and secret" });
    await makeKey(stranger);
    const agent = await startSshAgent();
    try {
      await agent.add(stranger);
      const { code, message } = await told(sshd, {
        ...optionsFor(sshd, { identities: [], defaultIdentities: [locked] }),
        agentSocket: agent.socket,
      });
      expect(code).toBe("PC221");
      expect(message).toMatch(
        new RegExp(`user ${sshd.user}, offered ED25519 ${SHA} \\(agent "rig"\\)`),
      );
      expect(message).toContain("accepts publickey");
      expect(message).toMatch(/locked was left out: .*encrypted.*ssh-add/);
    } finally {
      await agent.stop();
    }
  });

  test("cut short after too many keys: what was offered, and that the right one is to be named", async () => {
    await withSshd({ config: ["MaxAuthTries 2"] }, async (server) => {
      const identities = [1, 2, 3, 4].map((number) => join(server.dir, `key-${number}`));
      for (const path of identities) await makeKey(path);
      const { message, fix } = await told(server, optionsFor(server, { identities }));
      expect(message).toMatch(new RegExp(`offered ED25519 ${SHA} .*, ED25519 ${SHA}`));
      expect(fix).toContain("-i");
    });
  });

  test.each(["ec2-user", "ubuntu"])(
    "as the wrong user of a cloud's image: the flag with %s",
    async (user) => {
      // What cloud-init writes before root's keys.
      const words = `Please login as the user \\"${user}\\" rather than the user \\"root\\".`;
      const keyOptions = `command="echo '${words}';echo;exit 142"`;
      await withSshd({ keyOptions }, async (server) => {
        const { code, message, fix } = await told(server, optionsFor(server));
        expect(code).toBe("PC229");
        expect(message).toContain(user);
        expect(fix).toBe(`--ssh-user ${user}`);
      });
    },
  );
});

describe("a handshake", () => {
  test("throttled: sshd's own words, and a lower --concurrency", async () => {
    await withSshd({ config: ["MaxStartups 1:100:1"] }, async (server) => {
      const holder = net.connect(server.port, "127.0.0.1").on("error", () => undefined);
      try {
        await once(holder, "data");
        const { code, message, fix } = await told(server, optionsFor(server));
        expect(code).toBe("PC206");
        expect(message).toMatch(/it said "(?:Exceeded MaxStartups|Not allowed at this time)"/);
        expect(fix).toContain("--concurrency");
      } finally {
        holder.destroy();
      }
    });
  });

  test.each([
    ["KexAlgorithms sntrup761x25519-sha512@openssh.com", "key exchange algorithm"],
    ["Ciphers aes128-cbc,aes256-cbc", "C->S cipher"],
    ["MACs hmac-sha1", "C->S MAC", "Ciphers aes128-ctr"],
  ])("without a common algorithm, %s: what the node offers", async (line, kind, ...more) => {
    await withSshd({ config: [line, ...more] }, async (server) => {
      const { code, message } = await told(server, optionsFor(server));
      expect(code).toBe("PC208");
      const offered = (line.split(" ")[1] ?? "").replaceAll(",", ", ");
      expect(message).toContain(`no matching ${kind}: it offers ${offered}`);
    });
  });
});
