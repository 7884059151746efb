import type { KeyName } from "./keys.ts";
import type { Client, Difference, Home, Row, Table, Verdict } from "./model.ts";
import type { Server, ServerSettings } from "./servers.ts";

export interface BlockOptions {
  readonly alias?: string;
  /** Lines before the block's own; ssh takes the first value of most keywords. */
  readonly lines?: readonly string[];
  /** The key to log in with; `none` leaves IdentityFile to `lines`. */
  readonly key?: KeyName | "none";
  /** Content of known_hosts; `none` leaves UserKnownHostsFile to `lines`. */
  readonly known?: string;
}

/** A `Host` block that leads to a server, and the files it names. Nothing of the machine's own user counts. */
export async function hostBlock(
  home: Home,
  server: Server,
  options: BlockOptions = {},
): Promise<string> {
  const { alias = "web", lines = [], key = "ed25519", known = server.known() } = options;
  const own = [
    ...lines,
    `HostName ${server.address}`,
    `Port ${server.port}`,
    "User root",
    ...(key === "none" ? [] : [`IdentityFile ${await home.key(key, `${alias}-${key}`)}`]),
    ...(known === "none"
      ? []
      : [`UserKnownHostsFile ${await home.file(`${alias}-known_hosts`, known)}`]),
    "GlobalKnownHostsFile /dev/null",
  ];
  return `Host ${alias}\n${own.map((line) => `  ${line}\n`).join("")}`;
}

type Scene = Row["scene"];

/** A scene with the plain server. */
export function onPlain(client: (home: Home, table: Table) => Promise<Client>): Scene {
  return async (table) => (home) => client(home, table);
}

/** A scene with the plain server and one block, made by `options`. */
export function plainBlock(
  options: BlockOptions | ((home: Home, table: Table) => Promise<BlockOptions> | BlockOptions),
): Scene {
  return onPlain(async (home, table) => {
    const made = typeof options === "function" ? await options(home, table) : options;
    return { config: await hostBlock(home, table.servers.plain, made) };
  });
}

/** A scene with a server of its own, and one block that leads to it. */
export function onServer(
  settings: ServerSettings | ((table: Table) => ServerSettings),
  options:
    | BlockOptions
    | ((home: Home, table: Table, server: Server) => Promise<BlockOptions>) = {},
): Scene {
  return async (table) => {
    const server = await table.servers.start(
      typeof settings === "function" ? settings(table) : settings,
    );
    return async (home) => {
      const made = typeof options === "function" ? await options(home, table, server) : options;
      return { config: await hostBlock(home, server, made) };
    };
  };
}

/** What the system's ssh alone can do; `auto` finds that out by itself. */
export function ssh2Lacks(what: string, ssh2: Verdict = "not supported"): Difference {
  return { ours: { ssh2 }, why: `ssh2 has no ${what}` };
}
