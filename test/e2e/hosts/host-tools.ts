import type { Bed } from "../../bed/index.ts";

export const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A config.json of these logins: `user:password` by key. */
export function authsOf(logins: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    auths: Object.fromEntries(
      Object.entries(logins).map(([key, login]) => [key, { auth: base64(login) }]),
    ),
  });
}

/** What lets the CLI log in to a bed's nodes. */
export const loginArgs = ({ ssh }: Bed): string[] => [
  "-i",
  ssh.key,
  "--known-hosts",
  ssh.knownHosts,
];

/** `NAME=ADDRESS:PORT` of all nodes, for `--hosts`. */
const hostList = ({ nodes }: Bed): string =>
  nodes.map(({ name, address, port }) => `${name}=${address}:${port}`).join(",");

/** All nodes of a bed, without a cluster. */
export const hostArgs = (bed: Bed): string[] => [...loginArgs(bed), "--hosts", hostList(bed)];
