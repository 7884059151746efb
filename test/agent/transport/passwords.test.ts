import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../../agent/secret.ts";
import { createTransport } from "../../../agent/transport/create-transport.ts";
import { isRetryable } from "../../../agent/transport/retryable.ts";
import type { SshOptions } from "../../../agent/transport/transport.ts";
import { newSshKey } from "../../rig/new-ssh-key.ts";
import { type Account, type Sshd, type SshdOptions, startSshd } from "../../rig/sshd.ts";
import { NEVER, optionsFor, targetOf, withSession } from "../../rig/transport.ts";

const PASSWORD = "Correct-Horse-9";
const ACCOUNT: Account = { name: "pullcast-login", password: PASSWORD };
const ON = ["PasswordAuthentication yes", "KbdInteractiveAuthentication yes"];

/** Both methods are on. */
let both: Sshd;
beforeAll(async () => {
  both = await startSshd({ account: ACCOUNT, config: ON });
});
afterAll(() => both.stop());

/** Somebody at a terminal who gives these answers, one after another, then nothing. */
function person(...answers: readonly string[]) {
  const questions: string[] = [];
  const left = [...answers];
  const askSecret = async (question: string) => {
    questions.push(question);
    const answer = left.shift();
    return answer === undefined ? undefined : new Secret(answer);
  };
  return { questions, options: { askPass: true, askSecret } };
}

async function opens(sshd: Sshd, changes: Partial<SshOptions>): Promise<boolean> {
  return await withSession(optionsFor(sshd, { identities: [], ...changes }), async () => true);
}

async function withSshd<T>(options: SshdOptions, use: (sshd: Sshd) => Promise<T>): Promise<T> {
  const sshd = await startSshd({ account: ACCOUNT, ...options });
  try {
    return await use(sshd);
  } finally {
    await sshd.stop();
  }
}

/** The verdicts in sshd's log. */
const verdicts = (sshd: Sshd) => sshd.log().match(/^(?:Accepted|Failed) \S+(?= for)/gm) ?? [];

describe("--ask-pass", () => {
  it("logs in by whichever of the two methods the node has", async () => {
    for (const [config, verdict] of [
      [["PasswordAuthentication yes"], "Accepted password"],
      [["KbdInteractiveAuthentication yes"], "Accepted keyboard-interactive/pam"],
    ] as const) {
      await withSshd({ config }, async (sshd) => {
        expect(await opens(sshd, person(PASSWORD).options)).toBe(true);
        await expect.poll(() => verdicts(sshd)).toEqual([verdict]);
      });
    }
  });

  it("asks once for 20 nodes at once, before it connects to any", async () => {
    const { questions, options } = person(PASSWORD);
    const transport = await createTransport(optionsFor(both, { identities: [], ...options }));
    expect(questions).toEqual(["SSH password of the nodes: "]);
    const all = Array.from({ length: 20 }, () => transport.open(targetOf("127.0.0.1"), NEVER));
    await expect(Promise.all(all)).resolves.toHaveLength(20);
    await transport.close();
    expect(questions).toHaveLength(1);
  });

  it("a refused password is tried once, though the node has two methods for it", async () => {
    await withSshd({ config: ON }, async (sshd) => {
      await expect(opens(sshd, person("wrong").options)).rejects.toMatchObject({
        code: "PC221",
        phase: "auth",
        message: expect.stringContaining(
          `user ${ACCOUNT.name}, offered a password; it accepts publickey, password, keyboard-interactive`,
        ),
        fix: "check the password and --ssh-user",
      });
      await expect
        .poll(() => sshd.log())
        .toMatch(/Connection (?:closed|reset) by|Disconnected from/);
      await expect.poll(() => verdicts(sshd)).toEqual(["Failed keyboard-interactive/pam"]);
    });
  });

  it("the password stays here where a key is enough", async () => {
    await withSshd({ config: ON }, async (sshd) => {
      const options = { identities: [sshd.key], ...person(PASSWORD).options };
      expect(await opens(sshd, options)).toBe(true);
      await expect.poll(() => verdicts(sshd)).toEqual(["Accepted publickey"]);
    });
  });

  it("key and password together, where the node wants both", async () => {
    for (const method of ["password", "keyboard-interactive"]) {
      const config = [...ON, `AuthenticationMethods publickey,${method}`];
      await withSshd({ config }, async (sshd) => {
        const options = { identities: [sshd.key], ...person(PASSWORD).options };
        expect(await opens(sshd, options)).toBe(true);
      });
    }
  });

  it("the methods of ssh's configuration hold, in its order", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pullcast-methods-"));
    const open = async (text: string) => {
      await writeFile(join(dir, "config"), text);
      const config = {
        program: "ssh",
        file: join(dir, "config"),
        options: [],
        homeDir: dir,
        env: {},
      };
      return await opens(both, { ...person(PASSWORD).options, config });
    };
    try {
      const before = verdicts(both).length;
      expect(await open("PreferredAuthentications password,keyboard-interactive")).toBe(true);
      expect(await open("KbdInteractiveAuthentication no")).toBe(true);
      expect(await open("PasswordAuthentication no")).toBe(true);
      await expect
        .poll(() => verdicts(both).slice(before))
        .toEqual(["Accepted password", "Accepted password", "Accepted keyboard-interactive/pam"]);
      const none = "PasswordAuthentication no\nKbdInteractiveAuthentication no";
      await expect(open(none)).rejects.toMatchObject({ code: "PC223" });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("PC264 before any node, where nobody can be asked or nothing is typed", async () => {
    const options = optionsFor(both, { identities: [] });
    await expect(createTransport({ ...options, askPass: true })).rejects.toMatchObject({
      code: "PC264",
      detail: "SSH password of the nodes: there is no terminal to ask on",
    });
    await expect(createTransport({ ...options, ...person().options })).rejects.toMatchObject({
      code: "PC264",
      detail: "SSH password of the nodes: nothing was typed",
    });
  });

  it("a jump host is asked about by its own name, and never gets the nodes' password", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pullcast-jump-"));
    const jumpAccount = { name: "pullcast-jump", password: "Battery-Staple-7" };
    try {
      await withSshd({ account: jumpAccount, config: ON }, async (jump) => {
        const host = `Host jump\n  HostName 127.0.0.1\n  Port ${jump.port}\n  User ${jump.user}\n`;
        const file = join(dir, "config");
        await writeFile(
          file,
          `${host}  UserKnownHostsFile ${jump.knownHosts}\nHost 127.0.0.1\n  ProxyJump jump\n`,
        );
        const { questions, options } = person(PASSWORD, jumpAccount.password);
        const config = { program: "ssh", file, options: [], homeDir: dir, env: {} };
        const { user, port } = both;
        const known = [both.knownHosts, jump.knownHosts];
        expect(await opens(both, { ...options, user, port, config, knownHosts: known })).toBe(true);
        expect(questions).toEqual([
          "SSH password of the nodes: ",
          `SSH password of pullcast-jump@127.0.0.1:${jump.port}: `,
        ]);
        await expect.poll(() => verdicts(jump)).toEqual(["Accepted keyboard-interactive/pam"]);
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe("a wrong password", () => {
  const failed = (sshd: Sshd) => verdicts(sshd).filter((verdict) => verdict.startsWith("Failed"));

  it("reaches one node of many: the others are told who has refused it", async () => {
    await withSshd({ config: ["PasswordAuthentication yes"] }, async (sshd) => {
      const options = optionsFor(sshd, { identities: [], ...person("wrong").options });
      const transport = await createTransport(options);
      const all = Array.from({ length: 12 }, () => transport.open(targetOf("127.0.0.1"), NEVER));
      const ends = await Promise.allSettled(all);
      await transport.close();
      const codes = ends.map((end) => (end.status === "rejected" ? end.reason.code : "ok"));
      expect(codes).toEqual(Array(12).fill("PC221"));
      await expect.poll(() => failed(sshd)).toEqual(["Failed password"]);
    });
  });

  it("reaches a jump host once, however many nodes are behind it", async () => {
    const dir = await mkdtemp(join(tmpdir(), "pullcast-jump-"));
    try {
      await withSshd({ config: ["PasswordAuthentication yes"] }, async (jump) => {
        const host = `Host jump\n  HostName 127.0.0.1\n  Port ${jump.port}\n  User ${jump.user}\n`;
        const file = join(dir, "config");
        await writeFile(file, `${host}Host 127.0.0.1\n  ProxyJump jump\n`);
        const config = { program: "ssh", file, options: [], homeDir: dir, env: {} };
        const knownHosts = [both.knownHosts, jump.knownHosts];
        const { options } = person(PASSWORD, "wrong");
        const transport = await createTransport(
          optionsFor(both, { identities: [], ...options, config, knownHosts }),
        );
        for (let count = 0; count < 3; count += 1) {
          const opening = transport.open(targetOf("127.0.0.1"), NEVER);
          await expect(opening).rejects.toMatchObject({ code: "PC221" });
        }
        await transport.close();
        await expect.poll(() => failed(jump)).toEqual(["Failed password"]);
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it("is not sent again to a server that hangs up on it", async () => {
    let sent = 0;
    const stub = await startScriptedServer((login, client) => {
      if (login.method !== "password") {
        login.reject(["password"]);
        return;
      }
      sent += 1;
      client.end();
    });
    try {
      const error = await opens(stub.sshd, person("wrong").options).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "PC221" });
      expect(isRetryable(error)).toBe(false);
      expect(sent).toBe(1);
    } finally {
      stub.stop();
    }
  });
});

describe("PC263: what is no question for the password gets no answer", () => {
  it("a scripted server's second question, of the same words", async () => {
    const answers: string[][] = [];
    const stub = await startScriptedServer((login) => {
      if (login.method !== "keyboard-interactive") {
        login.reject(["keyboard-interactive"]);
        return;
      }
      const question = [{ prompt: "Password: ", echo: false }];
      login.prompt(question, "", "", (given) => {
        answers.push(given);
        login.prompt(question, "", "", (more) => answers.push(more));
      });
    });
    try {
      await expect(opens(stub.sshd, person(PASSWORD).options)).rejects.toMatchObject({
        code: "PC263",
        message: expect.stringContaining(`user ${ACCOUNT.name}: it asks "Password:"`),
      });
      expect(answers).toEqual([[PASSWORD]]);
    } finally {
      stub.stop();
    }
  });

  it("a password that has expired", async () => {
    const account = { ...ACCOUNT, isExpired: true };
    await withSshd({ account, config: ["KbdInteractiveAuthentication yes"] }, async (sshd) => {
      await expect(opens(sshd, person(PASSWORD).options)).rejects.toMatchObject({
        code: "PC263",
        message: expect.stringMatching(
          /it asks "You are required to change your password.*Current password:"/,
        ),
      });
    });
  });

  it.each([
    ["a visible question", [{ prompt: "Your town: ", echo: true }], '"Your town:"'],
    [
      "two questions",
      [
        { prompt: "Password: ", echo: false },
        { prompt: "Code: ", echo: false },
      ],
      '"Password:", "Code:"',
    ],
  ])("%s of a scripted server", async (_name, prompts, words) => {
    const answers: unknown[] = [];
    const stub = await startScriptedServer((login) => {
      if (login.method !== "keyboard-interactive") login.reject(["keyboard-interactive"]);
      else login.prompt(prompts, "", "", (given) => answers.push(given));
    });
    try {
      await expect(opens(stub.sshd, person(PASSWORD).options)).rejects.toMatchObject({
        code: "PC263",
        message: expect.stringContaining(`it asks ${words}`),
      });
      expect(answers).toEqual([]);
    } finally {
      stub.stop();
    }
  });

  it("a scripted server's demand for a new password", async () => {
    const stub = await startScriptedServer((login) => {
      if (login.method !== "password") login.reject(["password"]);
      else login.requestChange("new?", () => {});
    });
    try {
      await expect(opens(stub.sshd, person(PASSWORD).options)).rejects.toMatchObject({
        code: "PC263",
        message: expect.stringContaining("its password has expired"),
      });
    } finally {
      stub.stop();
    }
  });
});

/** A server of ssh2 that asks what OpenSSH's does not. */
async function startScriptedServer(
  onLogin: (login: ssh2.AuthContext, client: ssh2.Connection) => void,
) {
  const pair = newSshKey("ed25519");
  const server = new ssh2.Server({ hostKeys: [pair.private] }, (client) => {
    client.on("authentication", (login) => onLogin(login, client)).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const dir = await mkdtemp(join(tmpdir(), "pullcast-scripted-"));
  const knownHosts = join(dir, "known_hosts");
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${pair.public}\n`);
  const sshd = { ...both, port, knownHosts };
  return {
    sshd,
    stop: () => {
      server.close();
      void rm(dir, { recursive: true, force: true });
    },
  };
}
