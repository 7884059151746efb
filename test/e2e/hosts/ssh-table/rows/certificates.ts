import { hostBlock, onServer, ssh2Lacks } from "../block.ts";
import type { KeyName } from "../keys.ts";
import type { Client, Home, Row, Table } from "../model.ts";
import type { Server } from "../servers.ts";

/** What ssh-keygen is told besides who signs what. */
interface Signing {
  readonly principals?: string;
  readonly validity?: string;
}

/** A key with a certificate beside it, signed by the table's CA. */
async function certified(
  home: Home,
  table: Table,
  { principals = "root", validity = "-1d:+1d" }: Signing = {},
): Promise<string> {
  const path = await home.key("stranger1", "certified");
  const names = ["-I", "row", "-n", principals, "-V", validity];
  await home.run("ssh-keygen", "-q", "-s", table.keys.path("ca"), ...names, `${path}.pub`);
  return path;
}

/** A server that takes what the CA has signed, and no key by itself. */
function userRow(
  title: string,
  client: (home: Home, table: Table, server: Server) => Promise<Client>,
  rest: Pick<Row, "ssh"> & Partial<Row>,
): Row {
  return {
    title,
    scene: async (table) => {
      const server = await table.servers.start({
        config: ["TrustedUserCAKeys %D/ca.pub"],
        files: { "ca.pub": `${table.keys.line("ca")}\n` },
        authorized: [],
      });
      return (home) => client(home, table, server);
    },
    ...rest,
  };
}

/** Certificates of users. */
const USERS: readonly Row[] = [
  userRow(
    "the user's certificate lies beside the key",
    async (home, table, server) => {
      const lines = [`IdentityFile ${await certified(home, table)}`];
      return { config: await hostBlock(home, server, { key: "none", lines }) };
    },
    { ssh: "ok", differs: ssh2Lacks("certificates of users", "no login") },
  ),
  userRow(
    "CertificateFile names the user's certificate",
    async (home, table, server) => {
      const path = await certified(home, table);
      await home.run("mv", `${path}-cert.pub`, `${path}-other.pub`);
      const lines = [`IdentityFile ${path}`, `CertificateFile ${path}-other.pub`];
      return { config: await hostBlock(home, server, { key: "none", lines }) };
    },
    { ssh: "ok", differs: ssh2Lacks("certificates of users", "no login") },
  ),
  userRow(
    "the agent holds the user's certificate",
    async (home, table, server) => {
      const agent = await home.agent();
      await agent.add(await certified(home, table));
      return {
        config: await hostBlock(home, server, { key: "none", lines: ["IdentityFile none"] }),
        env: { SSH_AUTH_SOCK: agent.socket },
      };
    },
    { ssh: "ok", differs: ssh2Lacks("certificates of users", "no login") },
  ),
  userRow(
    "the user's certificate has expired",
    async (home, table, server) => {
      const path = await certified(home, table, { validity: "-2d:-1d" });
      return {
        config: await hostBlock(home, server, { key: "none", lines: [`IdentityFile ${path}`] }),
      };
    },
    { ssh: "no login" },
  ),
  {
    title: "the user's certificate has expired, and the key itself is taken",
    scene: onServer(
      (table) => ({ authorized: [table.keys.line("stranger1")] }),
      async (home, table) => ({
        key: "none",
        lines: [`IdentityFile ${await certified(home, table, { validity: "-2d:-1d" })}`],
      }),
    ),
    ssh: "ok",
  },
];

/** A server that shows a certificate for its ed25519 key. */
function hostRow({
  known,
  signing = {},
  ...rest
}: Omit<Row, "scene"> & {
  readonly known: (table: Table, server: Server) => string;
  readonly signing?: Signing;
}): Row {
  return {
    scene: async (table) => {
      const server = await hostWithCertificate(table, signing);
      return async (home) => ({
        config: await hostBlock(home, server, { known: known(table, server) }),
      });
    },
    ...rest,
  };
}

async function hostWithCertificate(table: Table, signing: Signing): Promise<Server> {
  const { principals, validity = "-1d:+1d" } = signing;
  const { servers, keys } = table;
  // The name of a host is its address, or an alias: ssh looks no port up in a certificate.
  const names = ["-n", principals ?? servers.plain.address];
  const line = await keys.sign("hostEd25519", ["-h", ...names, "-V", validity]);
  return await servers.start({
    hostKeys: ["hostEd25519"],
    config: ["HostCertificate %D/host-cert.pub"],
    files: { "host-cert.pub": line },
  });
}

const authority = ({ keys }: Table, { address, port }: Server, key: KeyName = "ca") =>
  `@cert-authority [${address}]:${port} ${keys.line(key)}\n`;

/** Certificates of hosts. */
const HOSTS: readonly Row[] = [
  hostRow({
    title: "known_hosts has the CA of the host's certificate",
    known: authority,
    ssh: "ok",
    differs: ssh2Lacks("certificates of hosts", "unknown key"),
  }),
  hostRow({
    title: "the host has a certificate, and known_hosts its plain key",
    known: (_, server) => server.known(),
    ssh: "ok",
  }),
  hostRow({
    title: "the host's certificate is for another host",
    known: authority,
    signing: { principals: "elsewhere" },
    ssh: "unknown key",
  }),
];

export const CERTIFICATES: readonly Row[] = [...USERS, ...HOSTS];
