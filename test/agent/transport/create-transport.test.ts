import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import {
  LIMITS,
  NEVER,
  optionsFor,
  runCommand,
  targetOf,
  withSession,
} from "../../rig/transport.ts";

let sshd: Sshd;

beforeAll(async () => {
  sshd = await startSshd();
});

afterAll(() => sshd.stop());

it("reaches a host by what ssh's configuration says of its alias, and of nothing else", async () => {
  const file = join(sshd.dir, "ssh_config");
  const lines = [
    "Host web",
    "HostName 127.0.0.1",
    `Port ${sshd.port}`,
    `User ${sshd.user}`,
    `IdentityFile ${sshd.key}`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${sshd.knownHosts}`,
  ];
  await writeFile(file, lines.join("\n"));
  const config = { program: "ssh", file, options: [], homeDir: sshd.dir, env: {} };
  const transport = await createTransport({ identities: [], config, limits: LIMITS });
  try {
    const session = await transport.open(targetOf("web"), NEVER);
    expect(session.user).toBe(sshd.user);
    await session.close();
    const aliased = { ...config, options: ["HostKeyAlias=unknown"] };
    const strict = await createTransport({ identities: [], config: aliased, limits: LIMITS });
    await expect(strict.open(targetOf("web"), NEVER)).rejects.toMatchObject({ code: "PC211" });
  } finally {
    await transport.close();
  }
});

describe("a session on a real sshd", () => {
  it("runs a program and brings back both outputs and the exit code", async () => {
    const outcome = await runCommand(optionsFor(sshd), "cat; echo bad >&2; exit 7", "hello\n");
    expect(outcome).toEqual({ end: { type: "exit", code: 7 }, stdout: "hello\n", stderr: "bad\n" });
  });

  it("brings a large input over whole", async () => {
    const input = randomBytes(5_000_001);
    const outcome = await runCommand(optionsFor(sshd), "sha256sum", input);
    expect(outcome.stdout).toBe(`${createHash("sha256").update(input).digest("hex")}  -\n`);
  });

  it("names the signal that killed a program", async () => {
    const outcome = await runCommand(optionsFor(sshd), "kill -9 $$");
    expect(outcome.end).toEqual({ type: "signal", name: "SIGKILL" });
  });

  it("shows the fingerprint of the key that the host proved", async () => {
    const blob = Buffer.from(sshd.hostKeys.ed25519?.split(" ")[1] ?? "", "base64");
    const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    await withSession(optionsFor(sshd), async (session) => {
      expect(session.hostKeyFingerprint).toBe(`SHA256:${digest}`);
      expect(session.hostKeyAdded).toBe(false);
    });
  });

  it("tells sshd's log which tool it is", async () => {
    const noisy = await startSshd({ config: ["LogLevel DEBUG1"] });
    try {
      await runCommand(optionsFor(noisy, { version: "1.2.3" }), "true");
      expect(noisy.log()).toContain("pullcast_1.2.3");
    } finally {
      await noisy.stop();
    }
  });
});
