import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Target } from "../../../../agent/model.ts";
import { Secret } from "../../../../agent/secret.ts";
import { createTransport } from "../../../../agent/transport/create-transport.ts";
import type { SshOptions } from "../../../../agent/transport/transport.ts";
import { makeKey, type Sshd, startSshd } from "../../../rig/sshd.ts";
import { NEVER, optionsFor } from "../../../rig/transport.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";

let sshd: Sshd;
let dir: string;
let otherKey: string;

beforeAll(async () => {
  sshd = await startSshd();
  dir = await mkdtemp(join(tmpdir(), "pullcast-trusted-"));
  otherKey = (await makeKey(join(dir, "other"))).split(" ").slice(0, 2).join(" ");
});

afterAll(async () => {
  await sshd.stop();
  await rm(dir, { recursive: true, force: true });
});

const pinned = (key: string | undefined) => `node/u1 ${key} worker-1\n`;

interface Given {
  /** The pin file's text; absent: neither file nor directory is there. */
  readonly pins?: string;
  /** The user's own known_hosts; `NAME` stands for the server's. */
  readonly users?: string;
  /** Lines of ssh's configuration. */
  readonly config?: string;
  readonly changes?: Partial<SshOptions>;
}

/** Runs nothing on a cluster's node by the system's ssh, as a push would. */
async function visit({ pins, users = "", config = "", changes = {} }: Given) {
  const home = await mkdtemp(join(dir, "home-"));
  const user = join(home, "known_hosts");
  await writeFile(user, users.replaceAll("NAME", `[127.0.0.1]:${sshd.port}`));
  const file = join(home, "config");
  await writeFile(file, config);
  const pinFile = pins === undefined ? join(home, "state", "pins") : join(home, "pins");
  if (pins !== undefined) await writeFile(pinFile, pins);
  const { knownHosts: _, hostKeyChecking: __, ...options } = optionsFor(sshd);
  const transport = await createTransport({
    ...options,
    transport: "openssh",
    defaultKnownHosts: { user: [user], global: [] },
    pinFile,
    config: { program: "ssh", file, options: [], homeDir: home, env: process.env },
    ...changes,
  });
  const node = clusterNode({ name: "worker-1", uid: "u1" });
  const target: Target = { name: "worker-1", host: "127.0.0.1", addressKind: "InternalIP", node };
  try {
    const session = await transport.open(target, NEVER);
    const input = new Secret<Uint8Array>(Buffer.from(""));
    const { end } = await session.run({ command: "true", input, signal: NEVER });
    return { end, isNew: session.hostKeyAdded, pinFile };
  } finally {
    await transport.close();
  }
}

const OK = { end: { type: "exit", code: 0 } };
const refused = (code: string) => expect.objectContaining({ code, phase: "host-key" });
const logins = () => sshd.log().match(/Accepted publickey/g)?.length ?? 0;

describe("a cluster's node reached by the system's ssh", () => {
  it("is known by its pin alone", async () => {
    expect(await visit({ pins: pinned(sshd.hostKeys.ed25519) })).toMatchObject(OK);
    await expect(visit({ pins: pinned(otherKey) })).rejects.toEqual(refused("PC212"));
  });

  it.each([
    ["a line of the user's for all hosts", { users: "* KEY\n" }],
    ["a KnownHostsCommand", { config: "KnownHostsCommand /bin/echo %H KEY\n" }],
  ] as const)("is refused with another key than its pin's, whatever %s says", async (_, given) => {
    const withKey = Object.fromEntries(
      Object.entries(given).map(([name, text]) => [
        name,
        text.replace("KEY", sshd.hostKeys.ed25519 ?? ""),
      ]),
    );
    const before = logins();
    const wrong = { pins: pinned(otherKey), ...withKey };
    await expect(visit(wrong)).rejects.toEqual(refused("PC212"));
    expect(logins()).toBe(before);
  });

  it.each([
    ["pinned", { pins: "PIN" }],
    ["new", { pins: "", changes: { hostKeyChecking: "accept-new" } }],
  ] as const)(
    "gets nothing sent where its key, %s, is revoked for its address",
    async (_, given) => {
      const users = `@revoked NAME ${sshd.hostKeys.ed25519}\n`;
      const pins = given.pins && pinned(sshd.hostKeys.ed25519);
      await expect(visit({ ...given, pins, users })).rejects.toEqual(refused("PC213"));
    },
  );

  it("is pinned by its plain UID, in a directory of the user's alone, though names are to be hashed", async () => {
    const given = {
      config: "HashKnownHosts yes\n",
      changes: { hostKeyChecking: "accept-new" },
    } as const;
    const { pinFile, ...first } = await visit(given);
    expect(first).toMatchObject({ ...OK, isNew: true });
    expect(await readFile(pinFile, "utf8")).toMatch(/^node\/u1 ssh-ed25519 /);
    expect((await stat(join(pinFile, ".."))).mode & 0o777).toBe(0o700);
  });

  it("gets nothing sent where its new key can't be kept", async () => {
    const pinFile = "/proc/pins";
    const changes = { hostKeyChecking: "accept-new", pinFile } as const;
    await expect(visit({ pins: "", changes })).rejects.toMatchObject({ code: "PC215" });
  });
});
