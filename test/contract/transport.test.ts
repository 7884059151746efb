import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TransportName } from "../../agent/model.ts";
import { Secret } from "../../agent/secret.ts";
import type { SshOptions } from "../../agent/transport/transport.ts";
import { type Sshd, startSshd } from "../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor, runCommand, withSession } from "../rig/transport.ts";

const TRANSPORTS: readonly TransportName[] = ["ssh2", "openssh"];

describe.each(TRANSPORTS)("the transport %s", (transport) => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd();
  });

  afterAll(() => sshd.stop());

  const options = (changes: Partial<SshOptions> = {}) =>
    optionsFor(sshd, { transport, ...changes });

  it("runs a program and brings back both outputs and the exit code", async () => {
    const outcome = await runCommand(options(), "cat; echo bad >&2; exit 7", "hello\n");
    expect(outcome).toEqual({ end: { type: "exit", code: 7 }, stdout: "hello\n", stderr: "bad\n" });
  });

  it.each([0, 1, 254, 255])("brings back the exit code %i of a program", async (code) => {
    const outcome = await runCommand(options(), `exit ${code}`);
    expect(outcome.end).toEqual({ type: "exit", code });
  });

  it("brings a large input over whole", async () => {
    const input = randomBytes(5_000_001);
    const outcome = await runCommand(options(), "sha256sum", input);
    expect(outcome.stdout).toBe(`${createHash("sha256").update(input).digest("hex")}  -\n`);
  });

  it("ends a program that floods its output", async () => {
    await expect(runCommand(options(), "yes")).rejects.toMatchObject({
      code: "PC228",
      phase: "exec",
    });
  });

  it("shows the fingerprint of the key that the host proved", async () => {
    const blob = Buffer.from(sshd.hostKeys.ed25519?.split(" ")[1] ?? "", "base64");
    const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    await withSession(options(), async (session) => {
      await session.run({
        command: "true",
        input: new Secret<Uint8Array>(Buffer.alloc(0)),
        signal: NEVER,
      });
      expect(session.hostKeyFingerprint).toBe(`SHA256:${digest}`);
      expect(session.hostKeyAdded).toBe(false);
    });
  });

  it("ends a program that is silent for too long", async () => {
    const limits = { ...LIMITS, execIdleMs: 300 };
    await expect(runCommand(options({ limits }), "sleep 60")).rejects.toMatchObject({
      code: "PC227",
      phase: "exec",
    });
  });
});
