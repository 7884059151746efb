import { join } from "node:path";
import { type BlockOptions, hostBlock, ssh2Lacks } from "../block.ts";
import type { Home, Row, Table } from "../model.ts";
import type { Server, ServerSettings } from "../servers.ts";

interface Hops {
  /** The server behind, which its own host alone reaches unless told otherwise. */
  readonly target?: ServerSettings;
  /** The server in front of it, on the same host. */
  readonly jump?: (table: Table, target: Server) => ServerSettings;
  readonly block?: (
    home: Home,
    jump: Server,
    target: Server,
  ) => Promise<BlockOptions> | BlockOptions;
  readonly jumpBlock?: (home: Home, jump: Server) => Promise<BlockOptions> | BlockOptions;
}

/** A host behind one jump host, named `jump`. */
function behindOne({ target, jump, block, jumpBlock }: Hops): Row["scene"] {
  return async (table) => {
    const inner = await table.servers.start({ isInner: true, ...target });
    const outer =
      jump === undefined ? table.servers.plain : await table.servers.start(jump(table, inner));
    return async (home) => ({
      config: [
        await hostBlock(home, outer, { alias: "jump", ...(await jumpBlock?.(home, outer)) }),
        await hostBlock(home, inner, {
          lines: ["ProxyJump jump"],
          ...(await block?.(home, outer, inner)),
        }),
      ].join("\n"),
    });
  };
}

/** Hosts behind others. */
export const JUMPS: readonly Row[] = [
  {
    title: "ProxyJump names the jump host's login name, address and port",
    scene: behindOne({
      // The jump host's settings go by its address then.
      jumpBlock: (_, { address }) => ({ alias: address, lines: ["User nobody", "Port 9"] }),
      block: (_, { address, port }) => ({ lines: [`ProxyJump root@${address}:${port}`] }),
    }),
    ssh: "ok",
  },
  {
    title: "two hops, the outer of which allows only forwarding to the inner",
    scene: async ({ keys, servers }) => {
      const target = await servers.start({ isInner: true, on: 1 });
      // The inner takes logins from the outer's address alone.
      const inner = await servers.start({
        on: 1,
        config: [`AllowUsers root@${servers.plain.address}`],
      });
      const outer = await servers.start({
        config: [
          "PermitTTY no",
          "ForceCommand /bin/false",
          `PermitOpen ${inner.address}:${inner.port}`,
          "X11Forwarding no",
        ],
        authorized: [keys.line("ecdsa256")],
      });
      return async (home) => ({
        config: [
          await hostBlock(home, outer, { alias: "outer", key: "ecdsa256" }),
          await hostBlock(home, inner, { alias: "inner" }),
          await hostBlock(home, target, { lines: ["ProxyJump outer,inner"] }),
        ].join("\n"),
      });
    },
    ssh: "ok",
  },
  {
    title: "the jump host has a jump host of its own",
    scene: async ({ servers }) => {
      const target = await servers.start({ isInner: true, on: 1 });
      const inner = await servers.start({
        on: 1,
        config: [`AllowUsers root@${servers.plain.address}`],
      });
      return async (home) => ({
        config: [
          await hostBlock(home, servers.plain, { alias: "outer" }),
          await hostBlock(home, inner, { alias: "inner", lines: ["ProxyJump outer"] }),
          await hostBlock(home, target, { lines: ["ProxyJump inner"] }),
        ].join("\n"),
      });
    },
    ssh: "ok",
  },
  {
    title: "ProxyJump is none before a pattern that sends all through a host",
    scene:
      async ({ servers }) =>
      async (home) => ({
        config: [
          await hostBlock(home, servers.plain, { lines: ["ProxyJump none"] }),
          "Host *",
          "  ProxyJump no-such-host.invalid",
        ].join("\n"),
      }),
    ssh: "ok",
  },
  {
    title: "the jump host alone resolves the host's name",
    scene:
      async ({ servers }) =>
      async (home) => {
        const { name, port } = servers.other;
        return {
          config: [
            await hostBlock(home, servers.plain, { alias: "jump" }),
            await hostBlock(home, servers.other, {
              lines: [`HostName ${name}`, "ProxyJump jump"],
              known: servers.other.known({ as: `[${name}]:${port}` }),
            }),
          ].join("\n"),
        };
      },
    ssh: "ok",
  },
  {
    title: "the jump host does not allow forwarding",
    scene: behindOne({ jump: () => ({ config: ["AllowTcpForwarding no"] }) }),
    ssh: "no forwarding",
  },
  {
    title: "the jump host's key is unknown",
    scene: behindOne({ jumpBlock: () => ({ known: "" }) }),
    ssh: "unknown key",
  },
  {
    title: "the host behind the jump host has changed its key",
    scene: behindOne({
      block: (_, _jump, target) => ({
        lines: ["ProxyJump jump"],
        known: target.known({ key: "otherHost" }),
      }),
    }),
    ssh: "changed key",
  },
  {
    title: "the jump host refuses the login",
    scene: behindOne({ jumpBlock: () => ({ key: "stranger1" }) }),
    ssh: "no login",
  },
  {
    title: "nothing listens on the port behind the jump host",
    scene: behindOne({ block: () => ({ lines: ["ProxyJump jump", "Port 9"] }) }),
    ssh: "no route",
  },
  {
    title: "ProxyCommand leads to the host",
    scene: behindOne({
      block: (home) => ({
        lines: [`ProxyCommand ssh -F ${join(home.dir, "config")} -W %h:%p jump`],
      }),
    }),
    ssh: "ok",
    differs: ssh2Lacks("ProxyCommand"),
  },
  {
    title: "ProxyCommand fails",
    scene: behindOne({ block: () => ({ lines: ["ProxyCommand echo nothing here >&2; exit 3"] }) }),
    ssh: "closed",
    differs: ssh2Lacks("ProxyCommand"),
  },
  {
    title: "a ControlMaster is connected, and no key is left",
    scene:
      async ({ servers }) =>
      async (home) => {
        const socket = join(home.dir, "master");
        const config = await home.file("master-config", await hostBlock(home, servers.plain));
        const master = ["-F", config, "-o", "BatchMode=yes", "-S", socket];
        // The daemon must not hold on to the pipes of whoever started it.
        await home.run("sh", "-c", `ssh "$@" -MNf web >/dev/null 2>&1`, "sh", ...master);
        home.onEnd(() => home.run("ssh", "-F", config, "-S", socket, "-O", "exit", "web"));
        const lines = [`ControlPath ${socket}`, "IdentityFile none"];
        return {
          config: await hostBlock(home, servers.plain, { key: "none", known: "", lines }),
        };
      },
    ssh: "ok",
    differs: ssh2Lacks("ControlMaster", "unknown key"),
  },
];
