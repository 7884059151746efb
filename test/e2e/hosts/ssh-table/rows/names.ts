import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { hostBlock, onPlain, plainBlock } from "../block.ts";
import { startForward } from "../forward.ts";
import type { Row } from "../model.ts";
import type { Server } from "../servers.ts";

/** Which name leads where: `Host`, `Match`, `Include`, and the address itself. */
export const NAMES: readonly Row[] = [
  { title: "an alias has HostName, Port and User", scene: plainBlock({}), ssh: "ok" },
  {
    title: "the address itself is asked for, and a pattern is about it",
    scene: onPlain(async (home, { servers: { plain } }) => ({
      config: await hostBlock(home, plain, { alias: `${plain.address.slice(0, -1)}?` }),
      aliases: [plain.address],
    })),
    ssh: "ok",
  },
  {
    title: "the host is an IPv6 address with a port",
    scene: onPlain(async (home, { servers: { plain } }) => {
      // The bed's network has no IPv6.
      const { port } = await startForward(home, plain, { host: "::1" });
      const lines = ["HostName ::1", `Port ${port}`];
      const known = plain.known({ as: `[::1]:${port}` });
      return { config: await hostBlock(home, plain, { lines, known }) };
    }),
    ssh: "ok",
  },
  {
    title: "CanonicalizeHostname reads the file again for the host's real name",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const block = await hostBlock(home, plain);
      return {
        config: [
          `Match canonical host ${plain.address}`,
          "  User root",
          block.replace("User root", "CanonicalizeHostname always"),
          "Match canonical",
          "  User nobody",
        ].join("\n"),
      };
    }),
    ssh: "ok",
  },
  {
    title: "an Include stands inside a Host block and a Match inside the included file",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const inner = await home.file("inner", "Match originalhost web\n  User root\n");
      const block = await hostBlock(home, plain);
      return {
        config: `Host web\n  Include ${inner}\n${block.replace("User root", "User nobody")}`,
      };
    }),
    ssh: "ok",
  },
  {
    title: "Match exec runs a command",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const there = await home.file("there", "");
      const block = await hostBlock(home, plain);
      return {
        config: [
          `Match originalhost web exec "test -e ${there}.not"`,
          "  User nobody",
          `Match originalhost web exec "test -e ${there}"`,
          "  User root",
          block.replace("User root", "User nobody"),
        ].join("\n"),
      };
    }),
    ssh: "ok",
  },
  {
    title: "the configuration has a keyword that nobody knows",
    scene: plainBlock({ lines: ["NoSuchKeyword yes"] }),
    ssh: "bad config",
  },
  {
    title: "the name can't be resolved",
    scene: plainBlock({ lines: ["HostName no-such-host.invalid"] }),
    ssh: "no name",
  },
  ...identityTokens(),
];

/** ssh_config(5), TOKENS: `ssh -G` leaves those of IdentityFile as they are. */
function identityTokens(): Row[] {
  const named = (title: string, name: (server: Server) => string, token: string): Row => ({
    title: `IdentityFile has ${title}`,
    scene: plainBlock(async (home, { servers: { plain } }) => {
      await home.key("ed25519", name(plain));
      return { key: "none", lines: [`IdentityFile ${home.dir}/${token}`] };
    }),
    ssh: "ok",
  });
  return [
    named(
      "the tokens %h, %p, %r and %n",
      ({ address, port }) => `${address}-${port}-root-web`,
      "%h-%p-%r-%n",
    ),
    {
      title: "IdentityFile has a space in its path",
      scene: plainBlock(async (home) => {
        const path = await home.key("ed25519", "my key");
        return { key: "none", lines: [`IdentityFile "${path}"`] };
      }),
      ssh: "ok",
    },
    {
      title: "IdentityFile has a variable of the environment",
      scene: onPlain(async (home, { servers: { plain } }) => {
        await home.key("ed25519", "mine");
        const lines = [`IdentityFile \${KEY_DIR}/mine`];
        return {
          config: await hostBlock(home, plain, { key: "none", lines }),
          env: { KEY_DIR: home.dir },
        };
      }),
      ssh: "ok",
    },
    {
      title: "IdentityFile has %C, the digest of the connection",
      scene: plainBlock(async (home, { servers: { plain } }) => {
        const text = `${hostname()}${plain.address}${plain.port}root`;
        await home.key("ed25519", createHash("sha1").update(text).digest("hex"));
        return { key: "none", lines: [`IdentityFile ${home.dir}/%C`] };
      }),
      ssh: "ok",
    },
  ];
}
