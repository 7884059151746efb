import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NodeReport } from "../../../agent/model.ts";
import { runOnNodes } from "../../../agent/operations/run-on-nodes.ts";
import { Secret } from "../../../agent/secret.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { makeArena } from "../../rig/arena.ts";
import { installedDigest, installJob, newNodeConfig } from "../../rig/push-target.ts";
import { startSshAgent } from "../../rig/ssh-agent.ts";
import { configEntry } from "../../rig/ssh-config.ts";
import { makeKey, type Sshd, startSshd } from "../../rig/sshd.ts";
import { LIMITS, NEVER, targetOf } from "../../rig/transport.ts";

const run = promisify(execFile);
const arena = makeArena();
let sshd: Sshd;
let ca: string;
let count = 0;

beforeAll(async () => {
  sshd = await startSshd();
  ca = join(sshd.dir, "ca");
  await makeKey(ca);
});
afterAll(async () => {
  arena.remove();
  await sshd.stop();
});
beforeEach(() => {
  count += 1;
});

async function optionsBy(text: string, changes: Partial<SshOptions> = {}): Promise<SshOptions> {
  const file = join(sshd.dir, `ssh_config-${count}`);
  await writeFile(file, text);
  const config = { program: "ssh", file, options: [], homeDir: sshd.dir, env: {} };
  return { identities: [], config, limits: LIMITS, ...changes };
}

/** What a push of a new file to `node` comes to; the file must be there when it says so. */
async function push(options: SshOptions): Promise<NodeReport> {
  const dir = arena.newDir();
  const config = newNodeConfig();
  const transport = await createTransport(options);
  try {
    const target = targetOf("node");
    const reports = await runOnNodes({
      ...{ transport, targets: [target], concurrency: 1, signal: NEVER },
      job: installJob(config, dir),
      report: () => undefined,
    });
    const report = reports.get(target);
    if (report === undefined) throw new Error("no report");
    const isThere = (await installedDigest(dir)) === config.digest;
    expect(isThere).toBe(report.result === "updated");
    return report;
  } finally {
    await transport.close();
  }
}

/** A copy of the server's key, with a certificate beside it if it is to have one. */
async function keyNamed(name: string, signedAs?: string): Promise<string> {
  const key = join(sshd.dir, name);
  await makeKey(key);
  if (signedAs !== undefined) {
    await run("ssh-keygen", ["-q", "-s", ca, "-I", "test", "-n", signedAs, `${key}.pub`]);
  }
  return key;
}

describe("auto", () => {
  it("takes ssh2 where nothing needs the system's ssh", async () => {
    expect(await push(await optionsBy(configEntry("node", sshd)))).toMatchObject({
      result: "updated",
      transport: "ssh2",
      transportReason: "nothing needs the system's ssh",
    });
  });

  it("takes openssh for a certificate beside a key, with which alone the node lets in", async () => {
    const strict = await startSshd({
      config: [`TrustedUserCAKeys ${ca}.pub`, "AuthorizedKeysFile none"],
    });
    const key = await keyNamed("user", sshd.user);
    try {
      const text = configEntry("node", { ...strict, key });
      expect(await push(await optionsBy(text))).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: `${key}-cert.pub is a certificate`,
      });
      expect(await push(await optionsBy(text, { transport: "ssh2" }))).toMatchObject({
        result: "failed",
        code: "PC221",
        warnings: [{ code: "PC242", message: expect.stringContaining("-cert.pub") }],
      });
      const identity = await optionsBy(configEntry("node", strict), { identities: [key] });
      expect(await push(identity)).toMatchObject({ result: "updated", transport: "openssh" });
    } finally {
      await strict.stop();
    }
  });

  it("keeps ssh2 where a password is to be asked for, and tells what that leaves out", async () => {
    const key = await keyNamed("beside", sshd.user);
    const person = { askPass: true, askSecret: async () => new Secret("of a person") };
    const report = await push(await optionsBy(configEntry("node", { ...sshd, key }), person));
    expect(report).toMatchObject({
      transport: "ssh2",
      transportReason: "--ask-pass",
      warnings: [{ code: "PC242", message: expect.stringContaining("-cert.pub") }],
    });
    const proxied = configEntry("node", sshd, "ProxyCommand false");
    expect(await push(await optionsBy(proxied, person))).toMatchObject({
      result: "failed",
      code: "PC241",
      fix: expect.stringContaining("--ask-pass"),
    });
  });

  it("takes openssh for a certificate that CertificateFile names", async () => {
    const strict = await startSshd({
      config: [`TrustedUserCAKeys ${ca}.pub`, "AuthorizedKeysFile none"],
    });
    const key = await keyNamed("apart", sshd.user);
    const certificate = join(sshd.dir, "elsewhere.pub");
    await copyFile(`${key}-cert.pub`, certificate);
    await run("rm", [`${key}-cert.pub`]);
    try {
      const entry = configEntry("node", { ...strict, key }, `CertificateFile ${certificate}`);
      expect(await push(await optionsBy(entry))).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: `ssh's configuration has CertificateFile ${certificate}`,
      });
    } finally {
      await strict.stop();
    }
  });

  it("takes openssh for a certificate in the agent", async () => {
    const strict = await startSshd({
      config: [`TrustedUserCAKeys ${ca}.pub`, "AuthorizedKeysFile none"],
    });
    const key = await keyNamed("in-agent", sshd.user);
    const agent = await startSshAgent();
    try {
      await agent.add(key);
      await run("rm", [key, `${key}.pub`, `${key}-cert.pub`]);
      const text = configEntry("node", { ...strict, key }).replace("IdentitiesOnly yes", "");
      const options = await optionsBy(text, { agentSocket: agent.socket });
      expect(await push(options)).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: expect.stringContaining("ssh-agent holds a certificate"),
      });
    } finally {
      await agent.stop();
      await strict.stop();
    }
  });

  it("takes openssh for a host certificate of an authority that known_hosts has", async () => {
    const host = join(sshd.dir, "host-cert");
    await makeKey(host);
    await run("ssh-keygen", ["-q", "-s", ca, "-I", "h", "-h", "-n", "127.0.0.1", `${host}.pub`]);
    const certified = await startSshd({
      config: [`HostKey ${host}`, `HostCertificate ${host}-cert.pub`],
    });
    try {
      const knownHosts = join(sshd.dir, "authority");
      await writeFile(knownHosts, `# all\n@cert-authority * ${await readFile(`${ca}.pub`)}`);
      const text = configEntry("node", { ...certified, knownHosts });
      expect(await push(await optionsBy(text))).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: `${knownHosts}:2 is the @cert-authority of the host`,
      });
      const misnamed = configEntry("node", { ...certified, knownHosts }, "HostKeyAlias elsewhere");
      expect(await push(await optionsBy(misnamed))).toMatchObject({
        result: "failed",
        code: "PC243",
        message: expect.stringContaining("not a listed principal"),
      });
      const other = join(sshd.dir, "other-authority");
      await makeKey(`${other}-key`);
      await writeFile(other, `@cert-authority * ${await readFile(`${other}-key.pub`)}`);
      const stranger = configEntry("node", { ...certified, knownHosts: other });
      expect(await push(await optionsBy(stranger))).toMatchObject({
        result: "failed",
        code: "PC211",
        phase: "host-key",
      });
    } finally {
      await certified.stop();
    }
  });

  it("takes openssh for a ProxyCommand, and shows its words when it fails", async () => {
    const connect = `perl -MIO::Socket::INET -MIO::Select -e '
      $s=IO::Socket::INET->new("127.0.0.1:%p");$q=IO::Select->new($s,*STDIN);
      while(1){for($q->can_read){$_==$s?(sysread($s,$b,65536)&&syswrite(STDOUT,$b)||exit)
      :(sysread(STDIN,$b,65536)&&syswrite($s,$b)||exit)}}'`.replaceAll(/\n */g, "");
    const text = configEntry("node", sshd, `ProxyCommand ${connect}`);
    expect(await push(await optionsBy(text))).toMatchObject({
      result: "updated",
      transport: "openssh",
      transportReason: "ssh's configuration has ProxyCommand",
    });
    const broken = configEntry(
      "node",
      sshd,
      "ProxyCommand sh -c 'echo no tunnel today >&2; read x'",
    );
    expect(await push(await optionsBy(broken))).toMatchObject({
      result: "failed",
      code: "PC244",
      message: expect.stringContaining("no tunnel today"),
    });
    expect(await push(await optionsBy(text, { transport: "ssh2" }))).toMatchObject({
      result: "failed",
      code: "PC241",
      message: expect.stringContaining("has ProxyCommand"),
    });
  });

  it("takes openssh for a live connection to share, and ssh2 once it is gone", async () => {
    const control = join(sshd.dir, "%C");
    const text = configEntry("node", sshd, `ControlPath ${control}`);
    const options = await optionsBy(text);
    const file = options.config?.file ?? "";
    const master = spawn("ssh", ["-F", file, "-M", "-N", "node"], { stdio: "ignore" });
    const live = () => run("ssh", ["-F", file, "-O", "check", "node"]).then(() => true);
    try {
      await expect.poll(() => live().catch(() => false), { timeout: 10_000 }).toBe(true);
      const logins = () => sshd.log().match(/Accepted publickey/g)?.length;
      const before = logins();
      expect(await push(options)).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: "ssh has a live connection to share",
      });
      expect(logins()).toBe(before);
      // Whoever names host keys wants them checked.
      expect(await push({ ...options, knownHosts: [sshd.knownHosts] })).toMatchObject({
        transport: "ssh2",
      });
    } finally {
      master.kill();
      await once(master, "exit");
    }
    expect(await push(options)).toMatchObject({ result: "updated", transport: "ssh2" });
  });

  it("turns to openssh where the server has no key exchange that ssh2 knows", async () => {
    const modern = await startSshd({
      config: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"],
    });
    try {
      const text = configEntry("node", modern);
      expect(await push(await optionsBy(text))).toMatchObject({
        result: "updated",
        transport: "openssh",
        transportReason: expect.stringMatching(
          /^ssh2 found no common SSH algorithm: .*key exchange/,
        ),
      });
      expect(await push(await optionsBy(text, { transport: "ssh2" }))).toMatchObject({
        code: "PC208",
        transport: "ssh2",
      });
    } finally {
      await modern.stop();
    }
  });

  it("never turns after a refused login or host key", async () => {
    const key = await keyNamed("refused");
    const refused = await push(await optionsBy(configEntry("node", { ...sshd, key })));
    expect(refused).toMatchObject({ code: "PC221", transport: "ssh2" });
    const stranger = configEntry("node", { ...sshd, knownHosts: "/dev/null" });
    expect(await push(await optionsBy(stranger))).toMatchObject({
      code: "PC211",
      transport: "ssh2",
    });
  });

  it.each([
    ["Ciphers chacha20-poly1305@openssh.com", "Ciphers chacha20-poly1305@openssh.com"],
    ["KexAlgorithms sntrup761x25519-sha512@openssh.com", "KexAlgorithms sntrup761"],
    ["VerifyHostKeyDNS yes", "VerifyHostKeyDNS"],
    ["KnownHostsCommand /bin/true", "KnownHostsCommand"],
  ])("takes openssh for %s", async (line, reason) => {
    expect(await push(await optionsBy(configEntry("node", sshd, line)))).toMatchObject({
      result: "updated",
      transport: "openssh",
      transportReason: expect.stringContaining(reason),
    });
  });

  it("takes openssh for RevokedHostKeys, which refuses what known_hosts takes", async () => {
    const revoked = join(sshd.dir, "revoked");
    await writeFile(revoked, `${sshd.hostKeys.ed25519}\n`);
    const text = configEntry("node", sshd, `RevokedHostKeys ${revoked}`);
    expect(await push(await optionsBy(text))).toMatchObject({
      code: "PC213",
      transport: "openssh",
    });
    expect(await push(await optionsBy(text, { transport: "ssh2" }))).toMatchObject({
      code: "PC241",
    });
  });

  it("takes openssh for GSSAPI only where there is a ticket: Debian has it on for every host", async () => {
    const options = await optionsBy(configEntry("node", sshd, "GSSAPIAuthentication yes"));
    const { config } = options;
    if (config === undefined) throw new Error("no config");
    const ticket = join(sshd.dir, "ticket");
    const env = { KRB5CCNAME: `FILE:${ticket}` };
    const withTicket = { ...options, config: { ...config, env } };
    expect(await push(withTicket)).toMatchObject({ result: "updated", transport: "ssh2" });
    await writeFile(ticket, "");
    expect(await push(withTicket)).toMatchObject({ result: "updated", transport: "openssh" });
  });

  it("takes ssh2 where the system has no ssh and it may do without, and says what it can't use", async () => {
    const key = await keyNamed("unused", sshd.user);
    const text = configEntry("node", { ...sshd, key });
    const { config, ...options } = await optionsBy(text, { identities: [sshd.key] });
    if (config === undefined) throw new Error("no config");
    const program = "/nonexistent/ssh";
    expect(await push({ ...options, config: { ...config, program } })).toMatchObject({
      result: "updated",
      transport: "ssh2",
      transportReason: "the system's ssh is not there",
      warnings: expect.arrayContaining([
        { code: "PC242", message: expect.stringContaining(`${key}-cert.pub`) },
      ]),
    });
    expect(
      await push({ ...options, transport: "openssh", config: { ...config, program } }),
    ).toMatchObject({ result: "failed", code: "PC240", transport: "openssh" });
  });
});
