import { cleanText } from "../util/clean-text.ts";
import { hostKeyType } from "./host-key.ts";
import { WireReader } from "./public-blob.ts";

/** What a user certificate of OpenSSH says of itself; texts as written. */
export interface Certificate {
  readonly keyId: string;
  /** Login names; none means any. */
  readonly principals: readonly string[];
  /** Seconds since 1970; `undefined` where there is no limit. */
  readonly validAfter: number | undefined;
  readonly validBefore: number | undefined;
}

/** Fields between the nonce and the serial number, by the type without its ending. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  "ssh-rsa": 2,
  "ssh-ed25519": 1,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519": 2,
  "sk-ecdsa-sha2-nistp256": 3,
};

/** What stands for no limit. */
const FOREVER = 2n ** 64n - 1n;

/**
 * Reads a user certificate (OpenSSH's PROTOCOL.certkeys); signatures are not looked at.
 *
 * @param blob - as in a `-cert.pub` file or an agent's list
 * @returns `undefined` where it is none, or not whole
 */
export function readCertificate(blob: Buffer): Certificate | undefined {
  try {
    const type = hostKeyType(blob).replace(/-cert-v01@openssh\.com$/, "");
    const fields = KEY_FIELDS[type];
    if (fields === undefined || type === hostKeyType(blob)) return undefined;
    const reader = new WireReader(blob);
    for (let field = 0; field < fields + 2; field += 1) reader.string();
    reader.long();
    reader.number();
    const keyId = reader.string().toString("utf8");
    const principals = namesIn(reader.string());
    const [after, before] = [reader.long(), reader.long()];
    return { keyId, principals, validAfter: limit(after, 0n), validBefore: limit(before, FOREVER) };
  } catch {
    return undefined;
  }
}

function namesIn(bytes: Buffer): string[] {
  const reader = new WireReader(bytes);
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const name = reader.string();
    names.push(name.toString("utf8"));
    at += 4 + name.length;
  }
  return names;
}

function limit(seconds: bigint, none: bigint): number | undefined {
  return seconds === none ? undefined : Number(seconds);
}

/** Why a certificate will not let this user in, as a clause; `undefined` where its own words don't speak against it. */
export function certificateTrouble(
  { keyId, principals, validAfter, validBefore }: Certificate,
  { user, now }: { readonly user: string; readonly now: Date },
): string | undefined {
  const name = `certificate "${cleanText(keyId, 80)}"`;
  const seconds = now.getTime() / 1000;
  if (validBefore !== undefined && seconds >= validBefore) {
    return `${name} expired ${ago(seconds - validBefore)} ago (valid until ${dateText(validBefore)})`;
  }
  if (validAfter !== undefined && seconds < validAfter) {
    return `${name} is valid from ${dateText(validAfter)} on only`;
  }
  if (principals.length === 0 || principals.includes(user)) return undefined;
  return `${name} is for ${cleanText(principals.join(", "), 200)}, not for ${user}`;
}

/** The largest unit that there is one of at least. */
function ago(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.floor(seconds / 3600)} h`
    : `${Math.floor(seconds / 86_400)} days`;
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "a far future" : date.toISOString();
}
