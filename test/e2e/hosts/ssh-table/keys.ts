import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Key pairs of the table: those a user may log in with, those nobody knows, and hosts'. */
const SPECS = {
  ed25519: ["-t", "ed25519"],
  ecdsa256: ["-t", "ecdsa", "-b", "256"],
  ecdsa521: ["-t", "ecdsa", "-b", "521"],
  rsa2048: ["-t", "rsa", "-b", "2048"],
  ca: ["-t", "ed25519"],
  stranger1: ["-t", "ed25519"],
  stranger2: ["-t", "ed25519"],
  stranger3: ["-t", "ed25519"],
  stranger4: ["-t", "ed25519"],
  stranger5: ["-t", "ed25519"],
  stranger6: ["-t", "ed25519"],
  stranger7: ["-t", "ed25519"],
  hostEd25519: ["-t", "ed25519"],
  hostEcdsa: ["-t", "ecdsa", "-b", "256"],
  hostRsa: ["-t", "rsa", "-b", "3072"],
  /** A host's key in known_hosts that no server has. */
  otherHost: ["-t", "ed25519"],
} as const;

export type KeyName = keyof typeof SPECS;

/** Keys that every server takes. */
export const LOGIN_KEYS = [
  "ed25519",
  "ecdsa256",
  "ecdsa521",
  "rsa2048",
] as const satisfies readonly KeyName[];

/** Keys that no server takes. */
export const STRANGERS = [
  "stranger1",
  "stranger2",
  "stranger3",
  "stranger4",
  "stranger5",
  "stranger6",
  "stranger7",
] as const satisfies readonly KeyName[];

/** Key pairs made by ssh-keygen, in one directory. */
export interface Keys {
  path(name: KeyName): string;
  /** `TYPE BASE64` */
  line(name: KeyName): string;
  /** A certificate for a key, by the table's CA and with more arguments of ssh-keygen: its file's content. */
  sign(name: KeyName, args: readonly string[]): Promise<string>;
}

/** Makes all key pairs of the table, in OpenSSH's format and without passphrases. */
export async function makeKeys(dir: string): Promise<Keys> {
  const lines = new Map<KeyName, string>();
  await Promise.all(
    (Object.keys(SPECS) as KeyName[]).map(async (name) => {
      const path = join(dir, name);
      await run("ssh-keygen", ["-q", ...SPECS[name], "-N", "", "-C", name, "-f", path]);
      const text = await readFile(`${path}.pub`, "utf8");
      lines.set(name, text.split(" ").slice(0, 2).join(" "));
    }),
  );
  return {
    path: (name) => join(dir, name),
    line(name) {
      const line = lines.get(name);
      if (line === undefined) throw new Error(`no key ${name}`);
      return line;
    },
    async sign(name, args) {
      const copy = join(await mkdtemp(join(dir, "sign-")), name);
      await copyFile(join(dir, `${name}.pub`), `${copy}.pub`);
      await run("ssh-keygen", ["-q", "-s", join(dir, "ca"), "-I", "row", ...args, `${copy}.pub`]);
      return await readFile(`${copy}-cert.pub`, "utf8");
    },
  };
}
