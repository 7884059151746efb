import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type HostKeyType = "ed25519" | "ecdsa" | "rsa";

export interface SshdOptions {
  /** Lines of sshd_config; they replace the rig's of the same keyword. A LogLevel must be INFO or more. */
  readonly config?: readonly string[];
  /** `ed25519` alone unless told otherwise. */
  readonly hostKeyTypes?: readonly HostKeyType[];
  /** Options before the key in authorized_keys, for instance `command="…"`. */
  readonly keyOptions?: string;
  /** More lines of authorized_keys. */
  readonly authorizedKeys?: readonly string[];
  /** A user of this server alone, who logs in by PAM (needs root). */
  readonly account?: Account;
}

/** A user with a password. */
export interface Account {
  readonly name: string;
  readonly password: string;
  /** Whether the password has to be changed at the next login. */
  readonly isExpired?: boolean;
  /** PAM's rules for logging in. */
  readonly pamAuth?: readonly string[];
}

export interface Sshd {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  /** Private key file that may log in. */
  readonly key: string;
  /** known_hosts with this server's keys, good for any port, so through a proxy too. */
  readonly knownHosts: string;
  /** Public host keys, `TYPE BASE64`, by kind. */
  readonly hostKeys: Readonly<Partial<Record<HostKeyType, string>>>;
  /** A 0700 directory of this server, removed by `stop`. */
  readonly dir: string;
  readonly pid: number;
  /** What sshd logged so far. */
  log(): string;
  stop(): Promise<void>;
}

const DEFAULTS = [
  "PidFile none",
  "UsePAM no",
  "StrictModes no",
  "PermitRootLogin prohibit-password",
  "PasswordAuthentication no",
  "KbdInteractiveAuthentication no",
  "MaxStartups 200",
  "LogLevel VERBOSE",
  "PrintMotd no",
];

/** Makes a key pair without a passphrase (or with one), and returns the public half's line. */
export async function makeKey(
  path: string,
  options: { readonly type?: HostKeyType; readonly passphrase?: string } = {},
): Promise<string> {
  const { type = "ed25519", passphrase = "" } = options;
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  await run("ssh-keygen", ["-q", "-t", type, ...bits, "-N", passphrase, "-C", "rig", "-f", path]);
  return (await readFile(`${path}.pub`, "utf8")).trim();
}

/**
 * A real OpenSSH server on a free port of the loopback, with keys and files of its own.
 * Runs as the current user: as root any user may log in, else only oneself.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-sshd-"));
  try {
    return await start(dir, options);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

/** Mounts an account's files where the system has its own, in a namespace that ends with the server. */
const WITH_ACCOUNT = `set -e
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/shadow" /etc/shadow
mount --bind "$0/pam" /etc/pam.d/sshd
exec "$@"`;

/** Writes the system's users and one more, and returns the command under which a server sees them. */
async function addAccount(dir: string, account: Account): Promise<string[]> {
  const { name, password, isExpired = false, pamAuth = ["required pam_unix.so"] } = account;
  const hashing = run("openssl", ["passwd", "-6", "-stdin"]);
  hashing.child.stdin?.end(`${password}\n`);
  const hash = (await hashing).stdout.trim();
  const rules = [
    ...pamAuth.map((rule) => `auth ${rule}`),
    "account required pam_unix.so",
    "password required pam_unix.so",
    "session required pam_permit.so",
  ];
  const [passwd, shadow] = await Promise.all([readFile("/etc/passwd"), readFile("/etc/shadow")]);
  const day = isExpired ? 0 : 19_000;
  await writeFile(join(dir, "passwd"), `${passwd}${name}:x:61234:61234::/:/bin/sh\n`);
  await writeFile(join(dir, "shadow"), `${shadow}${name}:${hash}:${day}:0:99999:7:::\n`, {
    mode: 0o600,
  });
  await writeFile(join(dir, "pam"), `${rules.join("\n")}\n`);
  // The user's own process reads authorized_keys.
  await chmod(dir, 0o711);
  return ["unshare", "--mount", "sh", "-c", WITH_ACCOUNT, dir];
}

async function start(dir: string, options: SshdOptions): Promise<Sshd> {
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const { hostKeyTypes = ["ed25519"], authorizedKeys = [], keyOptions = "", account } = options;
  const config = [...(options.config ?? []), ...(account === undefined ? [] : ["UsePAM yes"])];
  const key = join(dir, "id");
  const publicKey = await makeKey(key);
  const hostKeys: Partial<Record<HostKeyType, string>> = {};
  for (const type of hostKeyTypes) {
    const line = await makeKey(join(dir, `host_${type}`), { type });
    hostKeys[type] = line.split(" ").slice(0, 2).join(" ");
  }
  const authorized = [`${keyOptions} ${publicKey}`.trim(), ...authorizedKeys, ""].join("\n");
  await writeFile(join(dir, "authorized_keys"), authorized, { mode: account ? 0o644 : 0o600 });
  const defaults = [
    ...hostKeyTypes.map((type) => `HostKey ${join(dir, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    ...DEFAULTS,
  ];
  const keywords = new Set(config.map((line) => line.split(" ")[0]));
  const lines = [...config, ...defaults.filter((line) => !keywords.has(line.split(" ")[0]))];
  const under = account === undefined ? [] : await addAccount(dir, account);
  const { child, port, log } = await launch(dir, { lines, under });
  const knownHosts = join(dir, "known_hosts");
  const known = Object.values(hostKeys).map((line) => `127.0.0.1,[127.0.0.1]:${port} ${line}\n`);
  await writeFile(knownHosts, known.join(""));
  return {
    host: "127.0.0.1",
    port,
    user: account?.name ?? userInfo().username,
    key,
    knownHosts,
    hostKeys,
    dir,
    pid: child.pid ?? 0,
    log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Another process may take the free port first: then the next one is tried. */
async function launch(
  dir: string,
  config: { readonly lines: readonly string[]; readonly under: readonly string[] },
): Promise<{ child: ChildProcess; port: number; log: () => string }> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    const file = join(dir, "sshd_config");
    await writeFile(
      file,
      [`Port ${port}`, "ListenAddress 127.0.0.1", ...config.lines, ""].join("\n"),
    );
    const [program = "", ...args] = [...config.under, "/usr/sbin/sshd", "-D", "-e", "-f", file];
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    const listening = new Promise<boolean>((resolve) => {
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes("Server listening on")) resolve(true);
      });
      child.once("exit", () => resolve(false));
    });
    if (await listening) return { child, port, log: () => log };
    if (!log.includes("Address already in use")) throw new Error(`sshd did not start: ${log}`);
  }
  throw new Error("no free port was found for sshd");
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
