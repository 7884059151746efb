import { isIP, isIPv6 } from "node:net";
import { PullcastError } from "../errors.ts";
import type { Target } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { canonicalHost } from "./addresses.ts";

const ENTRY_CHARACTERS = /^[A-Za-z0-9._:%-]+$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

/**
 * Reads the entries of `--hosts`: `ADDRESS`, `ADDRESS:PORT`, `[IPV6]:PORT`, `NAME=ADDRESS[:PORT]`.
 * The user chose them, so loopback addresses are allowed.
 *
 * @throws PullcastError PC119 naming the entry, also for a name or an address given twice
 */
export function parseHostEntries(entries: readonly string[]): Target[] {
  const targets = entries.map(parseHostEntry);
  refuseTwice(entries, targets, ({ name }) => `the name ${name}`);
  refuseTwice(
    entries,
    targets,
    ({ host, port }) => `the address ${canonicalHost(host)}:${port ?? ""}`,
  );
  return targets;
}

function parseHostEntry(entry: string): Target {
  const text = entry.trim();
  const equals = text.indexOf("=");
  const rest = text.slice(equals + 1);
  const { host, port } = splitPort(rest, entry);
  const name = equals === -1 ? host : text.slice(0, equals);
  if (equals !== -1 && !NAME.test(name)) throw refused(entry, "the name before = is not one");
  const [, user, plain] = /^([A-Za-z0-9_.-]+)@(.+)$/.exec(rest) ?? [];
  if (user !== undefined && plain !== undefined) {
    const fix = `give the login name by itself: --ssh-user ${user}, and ${cleanText(plain, 100)} as the host`;
    throw refused(entry, "an entry takes no login name", fix);
  }
  if (!isHost(host)) throw refused(entry, "there is no address or DNS name in it");
  return { name, host, addressKind: "given", ...(port === undefined ? {} : { port }) };
}

function splitPort(rest: string, entry: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(rest);
  if (bracketed !== null) {
    const [, host = "", port] = bracketed;
    if (isIP(host) !== 6) throw refused(entry, "there is no IPv6 address in the brackets");
    return { host, port: parsePort(port, entry) };
  }
  const colon = rest.indexOf(":");
  // An IPv6 address has two of them; what knows all of its forms takes 4 ms to make.
  const hasTwo = rest.indexOf(":", colon + 1) > colon;
  if (colon === -1 || (hasTwo && isIPv6(rest))) return { host: rest, port: undefined };
  return { host: rest.slice(0, colon), port: parsePort(rest.slice(colon + 1), entry) };
}

function parsePort(text: string | undefined, entry: string): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw refused(entry, "the port is not from 1 to 65535");
  return port;
}

function isHost(host: string): boolean {
  return (
    host.length <= 253 && !host.startsWith("-") && ENTRY_CHARACTERS.test(host) && !badColon(host)
  );
}

function badColon(host: string): boolean {
  return host.includes(":") && !isIPv6(host);
}

function refuseTwice(
  entries: readonly string[],
  targets: readonly Target[],
  keyOf: (target: Target) => string,
): void {
  const seen = new Set<string>();
  for (const [index, target] of targets.entries()) {
    const key = keyOf(target);
    if (seen.has(key))
      throw refused(entries[index] ?? "", `${key.replace(/:$/, "")} was given before`);
    seen.add(key);
  }
}

function refused(entry: string, why: string, fix?: string): PullcastError {
  const detail = `"${cleanText(entry, 100)}": ${why}`;
  return new PullcastError("PC119", { detail, ...(fix === undefined ? {} : { fix }) });
}
