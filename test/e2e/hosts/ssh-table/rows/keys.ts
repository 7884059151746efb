import { hostBlock, onPlain, onServer, plainBlock } from "../block.ts";
import { type KeyName, LOGIN_KEYS, STRANGERS } from "../keys.ts";
import type { Row } from "../model.ts";

/** Private key files: kinds, formats, and what may be wrong with them. */
export const KEY_FILES: readonly Row[] = [
  ...LOGIN_KEYS.filter((name) => name !== "ed25519").map(
    (key): Row => ({
      title: `the key is ${key}, in OpenSSH's format`,
      scene: plainBlock({ key }),
      ssh: "ok",
    }),
  ),
  ...(["rsa2048", "ecdsa256"] as const).flatMap((key) =>
    (["PEM", "PKCS8"] as const).map((format) => inFormat(key, format)),
  ),
  {
    title: "the key is encrypted in OpenSSH's format, and nobody can be asked",
    scene: plainBlock(async (home) => ({ key: "none", lines: [await encrypted(home, "ed25519")] })),
    ssh: "no login",
  },
  {
    title: "the key is encrypted in OpenSSH's format, and the agent holds it",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const lines = [await encrypted(home, "ed25519")];
      const { socket } = await home.agent("ed25519");
      return {
        config: await hostBlock(home, plain, { key: "none", lines }),
        env: { SSH_AUTH_SOCK: socket },
      };
    }),
    ssh: "ok",
  },
  {
    title: "the key is an encrypted PKCS#8 file, and nobody can be asked",
    scene: plainBlock(async (home) => ({
      key: "none",
      lines: [await encrypted(home, "rsa2048", "-m", "PKCS8")],
    })),
    ssh: "no login",
  },
  {
    title: "the key is an encrypted PKCS#8 file, only it may be used, and the agent holds it",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const lines = [await encrypted(home, "rsa2048", "-m", "PKCS8"), "IdentitiesOnly yes"];
      const { socket } = await home.agent("rsa2048");
      return {
        config: await hostBlock(home, plain, { key: "none", lines }),
        env: { SSH_AUTH_SOCK: socket },
      };
    }),
    ssh: "ok",
  },
  {
    title: "others may read the key",
    scene: plainBlock(async (home) => {
      const path = await home.key("ed25519");
      await home.run("chmod", "644", path);
      return { key: "none", lines: [`IdentityFile ${path}`] };
    }),
    ssh: "no login",
  },
  {
    title: "the configured key is missing",
    scene: plainBlock((home) => ({ key: "none", lines: [`IdentityFile ${home.dir}/missing`] })),
    ssh: "no login",
  },
  {
    title: "the first of two configured keys is missing",
    scene: plainBlock((home) => ({ lines: [`IdentityFile ${home.dir}/missing`] })),
    ssh: "ok",
  },
  {
    title: "the second of two configured keys is the right one",
    scene: plainBlock(async (home) => ({ lines: [`IdentityFile ${await home.key("stranger1")}`] })),
    ssh: "ok",
  },
  {
    title: "the configured key is garbage",
    scene: plainBlock(async (home) => ({
      key: "none",
      lines: [`IdentityFile ${await home.file("garbage", "no key at all\n")}`],
    })),
    ssh: "no login",
  },
  {
    title: "only the public half is named, and there is no agent",
    scene: plainBlock(async (home, { keys }) => ({
      key: "none",
      lines: [`IdentityFile ${await home.file("mine.pub", `${keys.line("ed25519")}\n`)}`],
    })),
    ssh: "no login",
  },
  {
    title: "PubkeyAuthentication is no",
    scene: plainBlock({ lines: ["PubkeyAuthentication no"] }),
    ssh: "no login",
  },
  {
    title: "the server takes RSA signatures with SHA-512 alone",
    scene: onServer({ config: ["PubkeyAcceptedAlgorithms rsa-sha2-512"] }, { key: "rsa2048" }),
    ssh: "ok",
    differs: { ours: { ssh2: "no login", auto: "no login" }, why: "ssh2 signs with SHA-256" },
  },
  {
    title: "the server takes RSA signatures with SHA-256 alone",
    scene: onServer({ config: ["PubkeyAcceptedAlgorithms rsa-sha2-256"] }, { key: "rsa2048" }),
    // sshd tells of all signatures it knows, not of those it takes, and ssh signs with the best.
    ssh: "no login",
    differs: { ours: { ssh2: "ok", auto: "ok" }, why: "ssh2 signs with SHA-256" },
  },
  {
    title: "the server wants longer RSA keys",
    scene: onServer({ config: ["RequiredRSASize 3072"] }, { key: "rsa2048" }),
    ssh: "no login",
  },
];

function inFormat(key: KeyName, format: "PEM" | "PKCS8"): Row {
  return {
    title: `the key is ${key}, as ${format}`,
    scene: plainBlock(async (home) => {
      const path = await home.key(key);
      await home.run("ssh-keygen", "-q", "-p", "-P", "", "-N", "", "-m", format, "-f", path);
      return { key: "none", lines: [`IdentityFile ${path}`] };
    }),
    ssh: "ok",
  };
}

/** Copies a key, encrypts the copy, and names it. */
async function encrypted(
  home: Parameters<Awaited<ReturnType<Row["scene"]>>>[0],
  ...[key, ...format]: readonly [KeyName, ...string[]]
): Promise<string> {
  const path = await home.key(key, "encrypted");
  await home.run("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", ...format, "-f", path);
  return `IdentityFile ${path}`;
}

/** ssh-agent: which one, and which of its keys. */
export const AGENTS: readonly Row[] = [
  agentRow("the agent holds the only key", { keys: ["ed25519"], lines: ["IdentityFile none"] }),
  agentRow("the agent holds the key, but IdentitiesOnly leaves only files", {
    keys: ["ed25519"],
    lines: ["IdentityFile none", "IdentitiesOnly yes"],
    ssh: "no login",
  }),
  agentRow("the agent holds the key, but IdentityAgent is none", {
    keys: ["ed25519"],
    lines: ["IdentityFile none", "IdentityAgent none"],
    ssh: "no login",
  }),
  {
    title: "IdentityAgent is a path, and the environment names another agent",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const [right, wrong] = [await home.agent("ed25519"), await home.agent("stranger1")];
      const lines = ["IdentityFile none", `IdentityAgent ${right.socket}`];
      return {
        config: await hostBlock(home, plain, { key: "none", lines }),
        env: { SSH_AUTH_SOCK: wrong.socket },
      };
    }),
    ssh: "ok",
  },
  {
    title: "IdentityAgent names a variable of the environment",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const { socket } = await home.agent("ed25519");
      const lines = ["IdentityFile none", "IdentityAgent $MY_AGENT"];
      return {
        config: await hostBlock(home, plain, { key: "none", lines }),
        env: { MY_AGENT: socket },
      };
    }),
    ssh: "ok",
  },
  agentRow("IdentityAgent is SSH_AUTH_SOCK", {
    keys: ["ed25519"],
    lines: ["IdentityFile none", "IdentityAgent SSH_AUTH_SOCK"],
  }),
  {
    title: "the agent's socket is gone, and there is a key file",
    scene: onPlain(async (home, { servers: { plain } }) => ({
      config: await hostBlock(home, plain),
      env: { SSH_AUTH_SOCK: `${home.dir}/gone` },
    })),
    ssh: "ok",
  },
  agentRow("the agent has 8 keys, the right one last, and none is configured", {
    keys: [...STRANGERS, "ed25519"],
    lines: ["IdentityFile none"],
    ssh: "no login",
  }),
  agentRow("the agent has 8 keys, and the right one's file is configured", {
    keys: [...STRANGERS, "ed25519"],
    isFile: true,
  }),
  {
    title: "the agent has 8 keys, and the right one's public half is configured",
    scene: onPlain(async (home, { keys, servers: { plain } }) => {
      const { socket } = await home.agent(...STRANGERS, "ed25519");
      const mine = await home.file("mine.pub", `${keys.line("ed25519")} mine\n`);
      const lines = [`IdentityFile ${mine}`, "IdentitiesOnly yes"];
      return {
        config: await hostBlock(home, plain, { key: "none", lines }),
        env: { SSH_AUTH_SOCK: socket },
      };
    }),
    ssh: "ok",
  },
  agentRow("the agent has 5 keys, the right one last", {
    keys: [...STRANGERS.slice(0, 4), "ed25519"],
    lines: ["IdentityFile none"],
  }),
  {
    ...agentRow("the agent has 6 keys, the right one last", {
      keys: [...STRANGERS.slice(0, 5), "ed25519"],
      lines: ["IdentityFile none"],
    }),
    differs: {
      ours: { ssh2: "no login", auto: "no login" },
      why: "at most 5 keys are offered: the 6th refusal would end the connection, and may lock an account",
    },
  },
];

function agentRow(
  title: string,
  {
    keys,
    lines = [],
    isFile = false,
    ssh = "ok",
  }: {
    readonly keys: readonly KeyName[];
    readonly lines?: readonly string[];
    readonly isFile?: boolean;
    readonly ssh?: Row["ssh"];
  },
): Row {
  return {
    title,
    scene: onPlain(async (home, { servers: { plain } }) => {
      const { socket } = await home.agent(...keys);
      const key = isFile ? "ed25519" : "none";
      return {
        config: await hostBlock(home, plain, { key, lines }),
        env: { SSH_AUTH_SOCK: socket },
      };
    }),
    ssh,
  };
}
