import { startFullBacklog } from "../../../../rig/full-backlog.ts";
import { hostBlock, onPlain, onServer, plainBlock, ssh2Lacks } from "../block.ts";
import type { Row } from "../model.ts";

/** What the server asks for, allows, and says. */
const LIMITS: readonly Row[] = [
  {
    title: "MaxAuthTries is 2, and the right key is the second",
    scene: onServer({ config: ["MaxAuthTries 2"] }, async (home) => ({
      lines: [`IdentityFile ${await home.key("stranger1")}`],
    })),
    ssh: "ok",
  },
  {
    title: "MaxAuthTries is 2, and the right key is the third",
    scene: onServer({ config: ["MaxAuthTries 2"] }, async (home) => ({
      lines: [
        `IdentityFile ${await home.key("stranger1")}`,
        `IdentityFile ${await home.key("stranger2")}`,
      ],
    })),
    ssh: "no login",
  },
  {
    title: "AllowUsers names others",
    scene: onServer({ config: ["AllowUsers admin guest"] }),
    ssh: "no login",
  },
  {
    title: "PermitRootLogin is no",
    scene: onServer({ config: ["PermitRootLogin no"] }),
    ssh: "no login",
  },
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
    title: "ForceCommand runs something else",
    scene: onServer({ config: ["ForceCommand echo only for backups"] }),
    ssh: "no program",
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
    title: "authorized_keys restricts the key",
    scene: onServer(({ keys }) => ({ authorized: [`restrict ${keys.line("ed25519")}`] })),
    ssh: "ok",
  },
  {
    title: "authorized_keys takes the key from another address alone",
    scene: onServer(({ keys }) => ({
      authorized: [`from="192.0.2.1" ${keys.line("ed25519")}`],
    })),
    ssh: "no login",
  },
  {
    title: "the key in authorized_keys has expired",
    scene: onServer(({ keys }) => ({
      authorized: [`expiry-time="20200101" ${keys.line("ed25519")}`],
    })),
    ssh: "no login",
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
    title: "the server prints a message of the day through PAM",
    scene: onServer({ config: ["UsePAM yes", "PrintMotd yes"], prepare: "echo hello >/etc/motd" }),
    ssh: "ok",
  },
  {
    title: "the login name's shell is nologin",
    scene: plainBlock({ lines: ["User nologin"] }),
    ssh: "no program",
  },
  {
    title: "the account has expired",
    scene: plainBlock({ lines: ["User expired"] }),
    ssh: "no login",
  },
  {
    title: "the account has expired, and PAM says so",
    scene: onServer({ config: ["UsePAM yes"] }, async () => ({ lines: ["User expired"] })),
    ssh: "closed",
    differs: {
      ours: "no login",
      why: "sshd ends the connection with its reason during the login, which says more than that it was closed",
    },
  },
  {
    title: "the account is locked",
    scene: plainBlock({ lines: ["User locked"] }),
    ssh: "no login",
  },
  {
    title: "there is no such login name",
    scene: plainBlock({ lines: ["User nobody-here"] }),
    ssh: "no login",
  },
];

/** What both sides can speak. */
const ALGORITHMS: readonly Row[] = [
  offers("the cipher chacha20-poly1305 alone", "Ciphers chacha20-poly1305@openssh.com", {
    differs: ssh2Lacks("chacha20", "no algorithm"),
  }),
  offers("the cipher AES-GCM alone", "Ciphers aes256-gcm@openssh.com"),
  offers("the cipher AES-CTR alone", "Ciphers aes192-ctr"),
  offers("CBC ciphers alone", "Ciphers aes256-cbc", { ssh: "no algorithm" }),
  offers("the MAC hmac-sha2-512-etm alone", "MACs hmac-sha2-512-etm@openssh.com", {
    more: "Ciphers aes256-ctr",
  }),
  offers("UMAC alone", "MACs umac-128-etm@openssh.com", {
    more: "Ciphers aes256-ctr",
    differs: ssh2Lacks("UMAC", "no algorithm"),
  }),
  offers("post-quantum key exchange alone", "KexAlgorithms sntrup761x25519-sha512@openssh.com", {
    differs: ssh2Lacks("post-quantum key exchange", "no algorithm"),
  }),
  offers("SHA-1 key exchange alone", "KexAlgorithms diffie-hellman-group14-sha1", {
    ssh: "no algorithm",
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
    title: "the host signs with SHA-1 alone",
    scene: onServer(
      { hostKeys: ["hostRsa"], config: ["HostKeyAlgorithms ssh-rsa"] },
      async (_home, _table, server) => ({ known: server.known({ key: "hostRsa" }) }),
    ),
    ssh: "no algorithm",
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
  {
    title: "both sides want compression",
    scene: onServer({ config: ["Compression yes"] }, async () => ({ lines: ["Compression yes"] })),
    ssh: "ok",
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
