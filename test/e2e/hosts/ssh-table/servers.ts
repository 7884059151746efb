import { readFile } from "node:fs/promises";
import type { Bed } from "../../../bed/index.ts";
import { tar } from "../../../bed/tar.ts";
import { type KeyName, type Keys, LOGIN_KEYS } from "./keys.ts";

/** Where the table's files are on the hosts. */
const DIR = "/srv/table";
/** Directories that pushes may write to, one for each. */
const OUTS = 1000;

/** What a server has beside the table's defaults. */
export interface ServerSettings {
  /** Lines of sshd_config, in place of the table's of the same keyword. */
  readonly config?: readonly string[];
  readonly hostKeys?: readonly KeyName[];
  /** Lines of authorized_keys; absent: all of the table's login keys. */
  readonly authorized?: readonly string[];
  /** The host it runs on: 0 or 1. */
  readonly on?: 0 | 1;
  /** It can be reached from its own host alone. */
  readonly isInner?: boolean;
  /** Run on the host before, as root. */
  readonly prepare?: string;
  /** More files of the server: its directory takes the place of `%D` in `config`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A real sshd in one of the bed's containers. */
export interface Server {
  readonly address: string;
  readonly port: number;
  /** A name that only the bed's own DNS knows. */
  readonly name: string;
  readonly hostKeys: readonly KeyName[];
  /** Its key as a line of known_hosts, under `[ADDRESS]:PORT` unless told otherwise. */
  known(options?: { readonly as?: string; readonly key?: KeyName }): string;
  log(): Promise<string>;
}

export interface Servers {
  /** Takes every login key, shows an ed25519 and an ECDSA key. */
  readonly plain: Server;
  /** The same on the other host. */
  readonly other: Server;
  start(settings: ServerSettings): Promise<Server>;
  /** Whether the hosts' sshd knows a line of its configuration. */
  knows(line: string): Promise<boolean>;
  /** `OpenSSH_9.2p1` */
  version(): Promise<string>;
  /** A directory on the hosts that nothing was pushed to yet. */
  newOut(): string;
}

const DEFAULTS = [
  "PidFile none",
  "UsePAM no",
  "StrictModes no",
  "PermitRootLogin prohibit-password",
  "PasswordAuthentication no",
  "KbdInteractiveAuthentication no",
  "UseDNS no",
  "MaxStartups 200",
  "LogLevel VERBOSE",
];

/** Prepares the hosts of a bed and starts the servers that most rows share. */
export async function startServers(bed: Bed, keys: Keys): Promise<Servers> {
  const hostKeys = await Promise.all(
    (["hostEd25519", "hostEcdsa", "hostRsa"] as const).map(async (name) => ({
      path: `srv/table/${name}`,
      data: await readFile(keys.path(name)),
      mode: 0o600,
    })),
  );
  const prepare = [
    `mkdir -p ${DIR}`,
    "tar -x -C /",
    `cd ${DIR}`,
    `seq -f out%g ${OUTS} | xargs mkdir`,
    "useradd -m -p '*' -s /usr/sbin/nologin nologin",
    "useradd -m -p '*' -s /bin/sh -e 2020-01-01 expired",
    "useradd -m -s /bin/sh locked",
  ].join(" && ");
  await Promise.all(
    bed.nodes.map(({ name }) => mustRun(bed, name, { script: prepare, input: tar(hostKeys) })),
  );
  const ports = [2200, 2200];
  let outs = 0;
  const start = (settings: ServerSettings) => {
    const { on = 0 } = settings;
    const port = (ports[on] ?? 2200) + 1;
    ports[on] = port;
    return startServer(bed, keys, { ...settings, on, port });
  };
  const onFirst = (command: readonly string[]) => bed.exec(bed.nodes[0]?.name ?? "", [...command]);
  const [plain, other] = await Promise.all([start({}), start({ on: 1 })]);
  return {
    plain,
    other,
    start,
    async knows(line) {
      const { code } = await onFirst(["/usr/sbin/sshd", "-t", "-f", "/dev/null", "-o", line]);
      return code === 0;
    },
    async version() {
      const { stderr } = await onFirst(["/usr/sbin/sshd", "-V"]);
      return /OpenSSH_[\w.]+/.exec(stderr)?.[0] ?? stderr.trim();
    },
    newOut() {
      outs += 1;
      if (outs > OUTS) throw new Error("more pushes than directories for them");
      return `${DIR}/out${outs}`;
    },
  };
}

async function startServer(
  bed: Bed,
  keys: Keys,
  settings: ServerSettings & { readonly on: 0 | 1; readonly port: number },
): Promise<Server> {
  const { config = [], hostKeys = ["hostEd25519", "hostEcdsa"], on, port, files = {} } = settings;
  const node = bed.nodes[on];
  if (node === undefined) throw new Error(`the bed has no host ${on}`);
  const dir = `${DIR}/${port}`;
  const authorized = settings.authorized ?? LOGIN_KEYS.map((name) => keys.line(name));
  const keyword = (line: string) => line.split(" ", 1)[0];
  // Of most keywords the first value holds, but not of MaxStartups.
  const isSet = (name: string | undefined) => config.some((line) => keyword(line) === name);
  const lines = [
    `Port ${port}`,
    ...(settings.isInner === true ? ["ListenAddress 127.0.0.1"] : []),
    ...config.map((line) => line.replaceAll("%D", dir)),
    ...hostKeys.map((name) => `HostKey ${DIR}/${name}`),
    `AuthorizedKeysFile ${dir}/authorized_keys`,
    ...DEFAULTS.filter((line) => !isSet(keyword(line))),
  ];
  const entries = Object.entries({
    sshd_config: `${lines.join("\n")}\n`,
    authorized_keys: `${authorized.join("\n")}\n`,
    ...files,
    // sshd reads what is about a login name as that user.
  }).map(([name, data]) => ({ path: `${dir.slice(1)}/${name}`, data, mode: 0o644 }));
  const script = [
    `mkdir ${dir} && tar -x -C /`,
    settings.prepare ?? "true",
    `/usr/sbin/sshd -f ${dir}/sshd_config -E ${dir}/log`,
    // It goes to the background before it listens.
    `for i in $(seq 200); do grep -q 'Server listening' ${dir}/log && exit 0; sleep 0.05; done; cat ${dir}/log >&2; exit 1`,
  ].join(" && ");
  await mustRun(bed, node.name, { script, input: tar(entries) });
  const address = settings.isInner === true ? "127.0.0.1" : node.address;
  return {
    address,
    port,
    name: node.name,
    hostKeys,
    known: ({ as = `[${address}]:${port}`, key = "hostEd25519" } = {}) =>
      `${as} ${keys.line(key)}\n`,
    log: async () => (await bed.exec(node.name, ["cat", `${dir}/log`])).stdout,
  };
}

async function mustRun(
  bed: Bed,
  node: string,
  { script, input }: { readonly script: string; readonly input: Uint8Array },
): Promise<void> {
  const { code, stderr } = await bed.exec(node, ["sh", "-c", script], { input });
  if (code !== 0) throw new Error(`${node}: ${stderr}`);
}
