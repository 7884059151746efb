import { decodeGoBase64 } from "../util/go-base64.ts";
import type { JsonReader } from "./json-reader.ts";
import { decodeUtf8 } from "./utf8.ts";

/** A user and a password as the kubelet sends them, or why it can't read the entry. */
export type DecodedEntry = DecodedLogin | { readonly why: string };

export interface DecodedLogin {
  /** Bytes that are no UTF-8 show as U+FFFD. */
  readonly username: string;
  readonly password: string;
  /** `user:password`, byte for byte. */
  readonly pair: Buffer;
}

const FIELDS = ["username", "password", "email", "auth"] as const;
type Field = (typeof FIELDS)[number];

/** The fields of one entry: the four the kubelet knows, and the names of all others. */
export interface EntryFields {
  readonly known: ReadonlyMap<Field, string>;
  readonly others: readonly string[];
  /** The first field with a value that can't be its own. */
  readonly why?: string;
}

/**
 * Takes one entry as Go's encoding/json fills a struct: names match in any case, a later field
 * replaces an earlier one unless it is null, and a value that is no text voids the file.
 */
export function takeEntry(reader: JsonReader): EntryFields {
  const known = new Map<Field, string>();
  const others: string[] = [];
  let why: string | undefined;
  const kind = reader.kind;
  if (kind !== "object") {
    reader.skip();
    // Go's Unmarshal takes null as "leave it as it is": an empty entry.
    return kind === "null" ? { known, others } : { known, others, why: "it is not an object" };
  }
  for (const name of reader.fields()) {
    const field = FIELDS.find((one) => isField(name, one));
    if (field === undefined) others.push(name);
    if (field !== undefined && reader.kind === "string") {
      known.set(field, reader.takeString());
      continue;
    }
    if (field !== undefined && reader.kind !== "null") why ??= `its ${field} is not text`;
    reader.skip();
  }
  return why === undefined ? { known, others } : { known, others, why };
}

/**
 * Judges one entry: `auth` wins over `username` and `password`, unless it is empty.
 *
 * Source: kubernetes pkg/credentialprovider/config.go (UnmarshalJSON, decodeDockerConfigFieldAuth), 1.35.
 */
export function decodeEntry({ known, why }: EntryFields): DecodedEntry {
  if (why !== undefined) return { why };
  const auth = known.get("auth") ?? "";
  if (auth !== "") return decodeAuth(auth);
  const username = known.get("username") ?? "";
  const password = known.get("password") ?? "";
  return { username, password, pair: Buffer.from(`${username}:${password}`) };
}

/**
 * Whether a field's name is this one of the kubelet's, as Go folds: ASCII in any case, and the long s
 * and the Kelvin sign for s and k (encoding/json, foldName).
 */
export function isField(name: string, field: string): boolean {
  return name === field || fold(name) === fold(field);
}

/** toLowerCase makes ASCII of the Kelvin sign itself, but also of nothing that Go leaves. */
function fold(name: string): string {
  return name.replaceAll("\u017f", "s").toLowerCase();
}

function decodeAuth(auth: string): DecodedEntry {
  const pair = decodeGoBase64(auth);
  if (pair === undefined) return { why: "its auth is not base64" };
  const colon = pair.indexOf(":");
  if (colon < 0) return { why: "its auth holds no colon" };
  return {
    username: decodeUtf8(pair.subarray(0, colon)),
    password: decodeUtf8(pair.subarray(colon + 1)),
    pair,
  };
}
