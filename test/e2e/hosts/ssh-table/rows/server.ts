import { startFullBacklog } from "../../../../rig/full-backlog.ts";
import { hostBlock, onPlain, onServer, plainBlock, ssh2Lacks } from "../block.ts";
import type { Row } from "../model.ts";

/** What the server asks for, allows, and says. */
const LIMITS: readonly Row[] = [
  {
    title: "PermitRootLogin is no, and the login name may use sudo",
    scene: onServer({ config: ["PermitRootLogin no"] }, async () => ({ lines: ["User admin"] })),
    ssh: "ok",
  },
  {
    title: "the login name may not use sudo",
    scene: plainBlock({ lines: ["User guest"] }),
    ssh: "ok",
    differs: {
      ours: "no sudo",
      why: "ssh runs a command as guest; the kubelet's file is root's",
    },
  },
  {
    title: "authorized_keys forces a command that names the right login",
    scene: onServer(({ keys }) => ({
      authorized: [
        `command="echo 'Please login as the user \\"admin\\" rather than the user \\"root\\".';exit 142" ${keys.line("ed25519")}`,
      ],
    })),
    ssh: "no program",
  },
  {
    title: "AuthenticationMethods wants a password after the key",
    scene: onServer({
      config: ["AuthenticationMethods publickey,password", "PasswordAuthentication yes"],
    }),
    ssh: "no login",
  },
  {
    title: "AuthenticationMethods wants two keys",
    scene: onServer({ config: ["AuthenticationMethods publickey,publickey"] }, async (home) => ({
      lines: [`IdentityFile ${await home.key("ecdsa256")}`],
    })),
    ssh: "ok",
  },
];

/** What the server says at login, and who may log in. */
const ACCOUNTS: readonly Row[] = [
  {
    title: "the server has a long banner",
    scene: onServer({
      config: ["Banner %D/banner"],
      files: { banner: "Authorized use only. All use is recorded.\n".repeat(400) },
    }),
    ssh: "ok",
  },
  {
    title: "the account has expired, and PAM says so",
    scene: onServer({ config: ["UsePAM yes"] }, async () => ({ lines: ["User expired"] })),
    ssh: "closed",
  },
];

/** What both sides can speak. */
const ALGORITHMS: readonly Row[] = [
  offers("the cipher chacha20-poly1305 alone", "Ciphers chacha20-poly1305@openssh.com", {
    differs: ssh2Lacks("chacha20", "no algorithm"),
  }),
  offers("post-quantum key exchange alone", "KexAlgorithms sntrup761x25519-sha512@openssh.com", {
    differs: ssh2Lacks("post-quantum key exchange", "no algorithm"),
  }),
  {
    title: "the server offers SHA-1 key exchange alone, and the configuration allows it",
    scene: onServer({ config: ["KexAlgorithms diffie-hellman-group14-sha1"] }, async () => ({
      lines: ["KexAlgorithms +diffie-hellman-group14-sha1"],
    })),
    ssh: "ok",
    differs: ssh2Lacks("SHA-1 key exchange here", "no algorithm"),
  },
  {
    title: "the host signs with SHA-1 alone, and the configuration allows it",
    scene: onServer(
      { hostKeys: ["hostRsa"], config: ["HostKeyAlgorithms ssh-rsa"] },
      async (_home, _table, server) => ({
        known: server.known({ key: "hostRsa" }),
        lines: ["HostKeyAlgorithms +ssh-rsa"],
      }),
    ),
    ssh: "ok",
    differs: ssh2Lacks("SHA-1 signatures here", "no algorithm"),
  },
];

function offers(
  what: string,
  line: string,
  {
    more,
    ssh = "ok",
    differs,
  }: { readonly more?: string } & Partial<Pick<Row, "ssh" | "differs">> = {},
): Row {
  return {
    title: `the server offers ${what}`,
    scene: onServer({ config: [line, ...(more === undefined ? [] : [more])] }),
    ssh,
    ...(differs === undefined ? {} : { differs }),
  };
}

/** Hosts that can't be reached. */
const UNREACHABLE: readonly Row[] = [
  {
    title: "nothing listens on the port",
    scene: plainBlock({ lines: ["Port 9"] }),
    ssh: "refused",
  },
  {
    title: "the address swallows packets",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const hole = await startFullBacklog();
      home.onEnd(hole.stop);
      const lines = ["HostName 127.0.0.1", `Port ${hole.port}`, "ConnectTimeout 1"];
      const config = await hostBlock(home, plain, { lines });
      return { config, args: ["--connect-timeout", "1s"] };
    }),
    ssh: "no answer",
  },
];

export const SERVERS: readonly Row[] = [...LIMITS, ...ACCOUNTS, ...ALGORITHMS, ...UNREACHABLE];
