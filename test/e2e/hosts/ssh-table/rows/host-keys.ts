import { hostBlock, onPlain, onServer, plainBlock, ssh2Lacks } from "../block.ts";
import { startForward } from "../forward.ts";
import type { Row } from "../model.ts";

/** What known_hosts says about the host. */
const KNOWN: readonly Row[] = [
  {
    title: "known_hosts is hashed, with the port",
    scene: plainBlock(async (home, { servers: { plain } }) => {
      const path = await home.file("hashed", plain.known() + plain.known({ key: "hostEcdsa" }));
      await home.run("ssh-keygen", "-q", "-H", "-f", path);
      return { known: "none", lines: [`UserKnownHostsFile ${path}`] };
    }),
    ssh: "ok",
  },
  {
    title: "known_hosts has the key under the address without the port",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ as: plain.address }),
    })),
    ssh: "ok",
  },
  {
    title: "a negated pattern of known_hosts leaves the host out",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ as: `![${plain.address}]:*,[10.*]:*` }),
    })),
    ssh: "unknown key",
  },
  {
    title: "HostKeyAlias is the name in known_hosts, without a port",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ as: "node-uid-1" }),
      lines: ["HostKeyAlias node-uid-1"],
    })),
    ssh: "ok",
  },
  {
    title: "a path of UserKnownHostsFile has a space",
    scene: plainBlock(async (home, { servers: { plain } }) => {
      const path = await home.file("my hosts", plain.known());
      return { known: "none", lines: [`UserKnownHostsFile "${path}"`] };
    }),
    ssh: "ok",
  },
  {
    title: "known_hosts has lines that can't be read before the right one",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: `# a comment\n\n${plain.address}\n@unheard-of * ssh-ed25519 AAAA\nx y z\n\u0000\n${plain.known().replace(/(\S+) \S+\n/, "$1 AAAA\n")}${plain.known().trim()} and a comment`,
    })),
    ssh: "ok",
  },
  {
    title: "known_hosts has an old key of the same type beside the right one",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ key: "otherHost" }) + plain.known(),
    })),
    ssh: "ok",
  },
  {
    title: "known_hosts has the ECDSA key alone, and the host an ed25519 key too",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ key: "hostEcdsa" }),
    })),
    ssh: "ok",
  },
];

/** What is made of a key that is not known, or not to be trusted. */
const DOUBTS: readonly Row[] = [
  {
    title: "the key has changed",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ key: "otherHost" }),
    })),
    ssh: "changed key",
  },
  {
    title: "the key has changed, and StrictHostKeyChecking is accept-new",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ key: "otherHost" }),
      lines: ["StrictHostKeyChecking accept-new"],
    })),
    ssh: "changed key",
  },
  {
    title: "the key has changed, and StrictHostKeyChecking is no",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: plain.known({ key: "otherHost" }),
      lines: ["StrictHostKeyChecking no"],
    })),
    ssh: "ok",
    differs: {
      ours: "changed key",
      why: "credentials are sent: no setting lets a changed key in",
    },
  },
  {
    title: "the known key is of a type that the host no longer has",
    scene: onServer({ hostKeys: ["hostEcdsa"] }),
    ssh: "changed key",
  },
  {
    title: "the known key is of another type, and StrictHostKeyChecking is accept-new",
    scene: onServer({ hostKeys: ["hostEcdsa"] }, async () => ({
      lines: ["StrictHostKeyChecking accept-new"],
    })),
    ssh: "changed key",
  },
  { title: "the key is unknown", scene: plainBlock({ known: "" }), ssh: "unknown key" },
  {
    title: "the key is unknown, and StrictHostKeyChecking is accept-new",
    scene: plainBlock({ known: "", lines: ["StrictHostKeyChecking accept-new"] }),
    ssh: "ok",
  },
  {
    title: "UserKnownHostsFile is none, and StrictHostKeyChecking is accept-new",
    scene: plainBlock({
      known: "none",
      lines: ["UserKnownHostsFile none", "StrictHostKeyChecking accept-new"],
    }),
    // It has nowhere to keep the key.
    ssh: "unknown key",
  },
  {
    title: "known_hosts revokes the key and knows it too",
    scene: plainBlock((_, { servers: { plain } }) => ({
      known: `${plain.known()}@revoked ${plain.known({ as: "*" })}`,
    })),
    ssh: "revoked key",
  },
  {
    title: "RevokedHostKeys has the key",
    scene: plainBlock(async (home, { keys }) => ({
      lines: [`RevokedHostKeys ${await home.file("revoked", `${keys.line("hostEd25519")}\n`)}`],
    })),
    ssh: "revoked key",
    differs: ssh2Lacks("RevokedHostKeys"),
  },
  {
    title: "KnownHostsCommand prints the key",
    scene: plainBlock(async (home, { servers: { plain } }) => ({
      known: "",
      lines: [`KnownHostsCommand /bin/cat ${await home.file("command", plain.known())}`],
    })),
    ssh: "ok",
    differs: ssh2Lacks("KnownHostsCommand", "unknown key"),
  },
  {
    title: "NoHostAuthenticationForLocalhost is yes, and the host is behind a loopback port",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const { port } = await startForward(home, plain, { host: "127.0.0.1" });
      const lines = ["HostName 127.0.0.1", `Port ${port}`, "NoHostAuthenticationForLocalhost yes"];
      return { config: await hostBlock(home, plain, { known: "", lines }) };
    }),
    ssh: "ok",
    differs: {
      ours: "unknown key",
      why: "credentials are sent: a tunnel's end is checked like any other host",
    },
  },
];

export const HOST_KEYS: readonly Row[] = [...KNOWN, ...DOUBTS];
