import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";

/** What the tokens of ssh's settings stand for. */
interface TokenValues {
  /** The name that ssh was asked about. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Expands a leading `~`, %-tokens and `${NAME}` in a path (ssh_config(5), TOKENS); unknown tokens stay. */
export function expandTokens(text: string, values: TokenValues): string {
  const local = userInfo();
  const machine = hostname();
  const { alias, host, user, home, env } = values;
  const port = String(values.port);
  const tokens: Readonly<Record<string, string>> = {
    "%": "%",
    d: home,
    h: host,
    i: String(local.uid),
    k: alias,
    L: machine.replace(/\..*/, ""),
    l: machine,
    n: alias,
    p: port,
    r: user,
    u: local.username,
    C: createHash("sha1").update(`${machine}${host}${port}${user}`).digest("hex"),
  };
  const expanded = text
    .replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole)
    .replace(/%([%dhikLlnpruC])/g, (whole, token: string) => tokens[token] ?? whole);
  return expanded === "~" || expanded.startsWith("~/") ? join(home, expanded.slice(1)) : expanded;
}
