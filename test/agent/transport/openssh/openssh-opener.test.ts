import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Secret } from "../../../../agent/secret.ts";
import { plainSettings } from "../../../../agent/transport/host-settings.ts";
import { createHostTrusts } from "../../../../agent/transport/host-trust.ts";
import { createOpensshOpener } from "../../../../agent/transport/openssh/openssh-opener.ts";
import { StartLimits } from "../../../../agent/transport/start-limits.ts";
import type { SshOptions } from "../../../../agent/transport/transport.ts";
import { startScriptedTcp } from "../../../rig/scripted-server.ts";
import { startSshd } from "../../../rig/sshd.ts";
import { LIMITS, NEVER, optionsFor } from "../../../rig/transport.ts";

/** Why nothing could be run on 127.0.0.1 by the system's ssh, and how its start ended for who limits starts. */
async function failure(options: SshOptions) {
  const ends: string[] = [];
  class Watched extends StartLimits {
    override async run<T>(...args: Parameters<StartLimits["run"]>): Promise<T> {
      try {
        const started = await super.run(...args);
        ends.push("started");
        return started as T;
      } catch (error) {
        ends.push("failed");
        throw error;
      }
    }
  }
  const opener = createOpensshOpener({
    ...{ limits: LIMITS, starts: new Watched(), trusts: createHostTrusts() },
  });
  const host = plainSettings({ host: "127.0.0.1" }, options);
  const session = await opener.open({ host, jumps: [] }, NEVER);
  const input = new Secret<Uint8Array>(Buffer.from(""));
  const error: unknown = await session.run({ command: "true", input, signal: NEVER }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  await opener.close();
  return { error, ends };
}

it("a start that the server throttles has failed for who limits starts", async () => {
  const stub = await startScriptedTcp((socket) => {
    socket.end("Not allowed at this time\r\n");
  });
  try {
    const options = { identities: [], limits: LIMITS, port: stub.port };
    const { error, ends } = await failure(options);
    expect(error).toMatchObject({ code: "PC206" });
    expect(ends).toEqual(["failed"]);
  } finally {
    stub.stop();
  }
});

it("what a node says in its banner is no word of ssh's", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-banner-"));
  const banner = join(dir, "banner");
  await writeFile(
    banner,
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\nssh: Could not resolve hostname node: Name or service not known\n",
  );
  const sshd = await startSshd({ config: [`Banner ${banner}`, "AuthorizedKeysFile none"] });
  try {
    const { error } = await failure(optionsFor(sshd));
    expect(error).toMatchObject({ code: "PC221", phase: "auth" });
  } finally {
    await sshd.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
