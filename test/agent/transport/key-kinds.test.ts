import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listAgent } from "../../../agent/transport/agent-list.ts";
import { type KeySettings, needsSystemSsh, seenKeys } from "../../../agent/transport/key-kinds.ts";
import { type SshAgent, startSshAgent } from "../../rig/ssh-agent.ts";
import { makeKey } from "../../rig/sshd.ts";

const run = promisify(execFile);

const NONE: KeySettings = {
  identities: [],
  configuredIdentities: [],
  defaultIdentities: [],
  identitiesOnly: false,
};

let dir: string;
let plain: string;
/** A key with a certificate beside it. */
let certified: string;
/** The public half of a FIDO key: the private one needs the device. */
let fido: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pullcast-kinds-"));
  [plain, certified, fido] = [join(dir, "plain"), join(dir, "certified"), join(dir, "fido")];
  const ca = join(dir, "ca");
  await Promise.all([makeKey(plain), makeKey(certified), makeKey(ca)]);
  await run("ssh-keygen", ["-q", "-s", ca, "-I", "me", "-n", "root", `${certified}.pub`]);
  const field = (text: string | Buffer) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  };
  const type = "sk-ssh-ed25519@openssh.com";
  const blob = Buffer.concat([field(type), field(Buffer.alloc(32, 7)), field("ssh:")]);
  await writeFile(`${fido}.pub`, `${type} ${blob.toString("base64")} touch me\n`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function reasonFor(settings: Partial<KeySettings>, agent?: SshAgent) {
  const list = agent === undefined ? { held: [] } : await listAgent(agent.socket, 5000);
  return needsSystemSsh(await seenKeys({ ...NONE, ...settings }, list));
}

async function withAgent<T>(keys: readonly string[], use: (agent: SshAgent) => Promise<T>) {
  const agent = await startSshAgent();
  try {
    await agent.add(...keys);
    return await use(agent);
  } finally {
    await agent.stop();
  }
}

describe("what ssh2 can't use", () => {
  it("nothing speaks against plain keys and missing files", async () => {
    expect(await reasonFor({ defaultIdentities: [plain, join(dir, "missing")] })).toBeUndefined();
    await withAgent([plain], async (agent) => {
      expect(await reasonFor({}, agent)).toBeUndefined();
    });
  });

  it.each(["identities", "configuredIdentities", "defaultIdentities"])(
    "a certificate beside a key of %s is found, whichever file is named",
    async (kind) => {
      const reason = `${certified}-cert.pub is a certificate`;
      for (const path of [certified, `${certified}.pub`, `${certified}-cert.pub`]) {
        expect(await reasonFor({ [kind]: [path] })).toBe(reason);
      }
    },
  );

  it("a FIDO key is known by its public half", async () => {
    expect(await reasonFor({ configuredIdentities: [fido] })).toBe(`${fido}.pub is a FIDO key`);
  });

  it("a certificate in the agent counts unless files were named by flag or IdentitiesOnly", async () => {
    await withAgent([certified], async (agent) => {
      expect(await reasonFor({}, agent)).toBe('ssh-agent holds a certificate ("rig")');
      expect(await reasonFor({ identities: [plain] }, agent)).toBeUndefined();
      const only = { identitiesOnly: true, configuredIdentities: [plain] };
      expect(await reasonFor(only, agent)).toBeUndefined();
    });
  });
});

describe("the agent's list", () => {
  it("holds certificates, which ssh2's own list leaves out", async () => {
    await withAgent([certified], async ({ socket }) => {
      const { held, problem } = await listAgent(socket, 5000);
      expect(problem).toBeUndefined();
      expect(held).toHaveLength(2);
    });
  });

  const lies: readonly [name: string, answer: readonly number[], problem: string][] = [
    ["refuses", [0, 0, 0, 1, 5], "it refuses to list its keys"],
    ["claims more keys than it names", [0, 0, 0, 5, 12, 255, 255, 255, 255], "can't be read"],
    ["claims a string longer than the answer", [0, 0, 0, 9, 12, 0, 0, 0, 1, 127, 0, 0, 0], "read"],
    ["claims 2 GB", [127, 255, 255, 255, 12], "its answer is too long"],
    ["hangs up", [], "it hung up"],
  ];
  it.each(lies)("a stub that %s is named", async (name, answer, problem) => {
    const path = join(dir, `stub ${name}`);
    const server = net.createServer((socket) => socket.end(Buffer.from(answer))).listen(path);
    await once(server, "listening");
    try {
      const list = await listAgent(path, 5000);
      expect(list).toMatchObject({ held: [], problem: expect.stringContaining(problem) });
    } finally {
      server.close();
    }
  });
});
