import { hostBlock, onPlain, onServer, plainBlock } from "../block.ts";
import { type KeyName, STRANGERS } from "../keys.ts";
import type { Row } from "../model.ts";

/** Private key files: kinds, formats, and what may be wrong with them. */
export const KEY_FILES: readonly Row[] = [
  {
    title: "the key is ecdsa521, in OpenSSH's format",
    scene: plainBlock({ key: "ecdsa521" }),
    ssh: "ok",
  },
  inFormat("rsa2048", "PEM"),
  inFormat("ecdsa256", "PKCS8"),
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
