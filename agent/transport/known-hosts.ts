import { createHmac, randomBytes } from "node:crypto";
import { once } from "../util/once.ts";
import { hostKeyType, isPublicKey } from "./host-key.ts";
import { matchesGlob } from "./ssh-pattern.ts";

/** Where a line of known_hosts stands, for messages. */
export interface Place {
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
}

/** A key that known_hosts has for a name. */
export interface KnownKey extends Place {
  readonly marker: "" | "revoked" | "cert-authority";
  readonly type: string;
  readonly blob: Buffer;
}

/** What known_hosts says about an offered key. */
export type HostKeyVerdict =
  | { readonly type: "known" }
  /** `authority` names an `@cert-authority` line for this host: it can't vouch for a plain key. */
  | { readonly type: "unknown"; readonly authority?: Place }
  | { readonly type: "changed"; readonly known: readonly KnownKey[] }
  | { readonly type: "other-type"; readonly known: readonly KnownKey[] }
  | { readonly type: "revoked"; readonly known: readonly KnownKey[] };

/** One line; its key is decoded when it is asked for, and once. */
interface Line extends Place {
  readonly marker: KnownKey["marker"];
  /** Host patterns as written. */
  readonly hosts: string;
  readonly type: string;
  /** Base64, not yet decoded; `""` where the line has none. */
  readonly key: string;
  decoded?: KnownKey | undefined;
}

/** What there is about one name. */
interface Found {
  readonly keys: readonly KnownKey[];
  readonly badLines: readonly Place[];
}

/** The name that OpenSSH looks up: lower case, `[host]:port` unless the port is 22. */
export function lookupName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

const LINE = /^(?:(@\S+)[ \t]+)?(\S+)(?:[ \t]+(\S+)(?:[ \t]+(\S+))?)?/;

/**
 * Keys of hosts, in OpenSSH's known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT; hostfile.c).
 * Lines that can't be read are passed over, as OpenSSH does, and can be asked for; keys are decoded when they are asked for.
 */
export class KnownHosts {
  readonly #plain = new Map<string, Line[]>();
  readonly #hashed: Line[] = [];
  readonly #patterns: Line[] = [];
  /** What was asked for: each hashed line costs an HMAC for each name, and a login asks five times. */
  readonly #found = new Map<string, Found>();

  /** Adds the lines of one file. */
  add(file: string, text: string): void {
    this.#found.clear();
    let number = 0;
    for (const raw of text.split("\n")) {
      number += 1;
      const match = LINE.exec(raw.trim());
      if (match === null || raw.trimStart().startsWith("#")) continue;
      const [, marker = "", hosts = "", type = "", key = ""] = match;
      if (marker !== "" && marker !== "@revoked" && marker !== "@cert-authority") continue;
      this.#index({
        file,
        line: number,
        marker: marker.slice(1) as Line["marker"],
        hosts,
        type,
        key,
      });
    }
  }

  #index(line: Line): void {
    if (line.hosts.startsWith("|")) {
      this.#hashed.push(line);
    } else if (/[*?!]/.test(line.hosts)) {
      this.#patterns.push(line);
    } else {
      for (const name of new Set(line.hosts.toLowerCase().split(","))) {
        const lines = this.#plain.get(name);
        if (lines === undefined) this.#plain.set(name, [line]);
        else lines.push(line);
      }
    }
  }

  /** All keys for a name of {@link lookupName}'s form. */
  keysOf(name: string): readonly KnownKey[] {
    return this.#about(name).keys;
  }

  /** Lines that are about a host and hold no key that can be read. */
  badLinesOf(host: string, port: number): readonly Place[] {
    const own = this.#about(lookupName(host, port)).badLines;
    return port === 22 ? own : [...own, ...this.#about(lookupName(host, 22)).badLines];
  }

  /** Whether a line names this very host: a pattern that matches it, or a hash, doesn't count. */
  names(name: string): boolean {
    return this.#plain.get(name)?.some(({ marker }) => marker === "") ?? false;
  }

  /** Keys of lines that {@link names} counts. */
  keysNamed(name: string): KnownKey[] {
    const keys = (this.#plain.get(name) ?? []).map(decodeKey);
    return keys.filter((key) => key !== undefined && key.marker === "") as KnownKey[];
  }

  #about(name: string): Found {
    return once(this.#found, name, () => {
      const keys: KnownKey[] = [];
      const badLines: Place[] = [];
      for (const line of this.#linesOf(name)) {
        const key = decodeKey(line);
        if (key === undefined) badLines.push({ file: line.file, line: line.line });
        else keys.push(key);
      }
      return { keys, badLines };
    });
  }

  #linesOf(name: string): Line[] {
    return [
      ...(this.#plain.get(name) ?? []),
      ...this.#patterns.filter((line) => matchesPatterns(name, line.hosts)),
      ...this.#hashed.filter((line) => matchesHash(name, line.hosts)),
    ];
  }

  /** The `@cert-authority` line for a host, if there is one: only a certificate can tell whether it vouches. */
  authorityOf(host: string, port: number): Place | undefined {
    // ssh asks once more for the bare name where the name with its port has nothing that counts.
    return this.keysFor(host, port).find(({ marker }) => marker === "cert-authority");
  }

  /** All keys that count for a host: those of its name with the port; where it has none, those of the bare name. */
  keysFor(host: string, port: number): readonly KnownKey[] {
    const own = this.keysOf(lookupName(host, port));
    if (port === 22) return own;
    const bare = this.keysOf(lookupName(host, 22));
    return own.some(isUsable) ? [...own, ...bare.filter(isRevoked)] : [...own, ...bare];
  }

  /** Types of the keys that a host may show; they should be asked for first. */
  typesOf(host: string, port: number): Set<string> {
    return new Set(
      this.keysFor(host, port)
        .filter(isUsable)
        .map((key) => key.type),
    );
  }

  /**
   * What is known about `blob` as the key of `host`. As in OpenSSH, a key under the bare name is good
   * for every port, if the name with its port has none.
   * Stricter than OpenSSH: a host of which only other key types are known is not new.
   */
  judge(host: string, port: number, blob: Buffer): HostKeyVerdict {
    const bare = port === 22 ? [] : this.keysOf(lookupName(host, 22));
    const keys = this.keysOf(lookupName(host, port));
    const same = (key: KnownKey) => key.blob.equals(blob);
    const revoked = [...keys, ...bare].filter((key) => isRevoked(key) && same(key));
    if (revoked.length > 0) return { type: "revoked", known: revoked };

    const known = keys.filter(isUsable);
    if (known.some(same)) return { type: "known" };
    if (known.length > 0) {
      const ofType = known.filter((key) => key.type === hostKeyType(blob));
      return ofType.length > 0 ? { type: "changed", known: ofType } : { type: "other-type", known };
    }
    if (bare.some((key) => isUsable(key) && same(key))) return { type: "known" };
    const authority = this.authorityOf(host, port);
    return authority === undefined ? { type: "unknown" } : { type: "unknown", authority };
  }
}

function isUsable({ marker }: KnownKey): boolean {
  return marker === "";
}

function isRevoked({ marker }: KnownKey): boolean {
  return marker === "revoked";
}

function decodeKey(line: Line): KnownKey | undefined {
  if (!("decoded" in line)) line.decoded = decoded(line);
  return line.decoded;
}

function decoded(line: Line): KnownKey | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(line.key)) return undefined;
  const blob = Buffer.from(line.key, "base64");
  if (line.type === "" || hostKeyType(blob) !== line.type || !isPublicKey(blob)) return undefined;
  const { file, line: number, marker, type } = line;
  return { file, line: number, marker, type, blob };
}

/** `|1|SALT|HASH`: HMAC-SHA1 of the name, keyed with the salt. */
function matchesHash(name: string, hosts: string): boolean {
  const [, magic, salt = "", hash = "", ...rest] = hosts.split("|");
  if (magic !== "1" || rest.length > 0) return false;
  return hmac(name, Buffer.from(salt, "base64")) === hash;
}

/** A name in that form, with a salt of its own (OpenSSH: `host_hash`, 20 bytes of salt). */
export function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${hmac(name, salt)}`;
}

function hmac(name: string, salt: Buffer): string {
  return createHmac("sha1", salt).update(name).digest("base64");
}

/** One pattern must match and no negated one (OpenSSH: `match_hostname`). */
function matchesPatterns(name: string, hosts: string): boolean {
  let matched = false;
  for (const item of hosts.toLowerCase().split(",")) {
    const negated = item.startsWith("!");
    if (!matchesGlob(name, negated ? item.slice(1) : item)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}
