import { createHash } from "node:crypto";
import { PullcastError } from "../errors.ts";
import type { NodeConfig, Notice } from "../model.ts";
import { Secret } from "../secret.ts";
import { findJsonError } from "../util/json-place.ts";
import { type EntryVerdict, judgeEntry } from "./kubelet-entry.ts";
import { type CredentialSource, type RawSource, readSource } from "./read-source.ts";

/** Names listed in one remark. */
const MAX_NAMES = 10;

/**
 * Reads the credential source and makes the file for the nodes: only `auths`, only entries that a
 * kubelet can use, each as `auth` alone, keys sorted, so that equal credentials are equal bytes.
 *
 * @throws {PullcastError} PC601 to PC608: the source is unusable; texts never hold its content
 */
export async function loadNodeConfig(source: CredentialSource): Promise<NodeConfig> {
  const raw = await readSource(source);
  const root = parseObject(raw);
  const auths = authsOf(root, raw.name);
  const judged = judgeAll(auths);
  if (judged.kept.length === 0) throw nothingUsable(raw.name, root, judged);
  const bytes = Buffer.from(compose(judged.kept));
  return {
    bytes: new Secret<Uint8Array>(bytes),
    digest: createHash("sha256").update(bytes).digest("hex"),
    sizeBytes: bytes.byteLength,
    entries: judged.kept.map(({ key }) => key),
    source: raw.name,
    warnings: [
      ...raw.warnings,
      ...helperWarnings(root),
      ...judged.warnings,
      {
        code: "PC611",
        message:
          "every pod on a node may use these credentials: prefer robot accounts that may only pull",
      },
    ],
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject({ name, bytes }: RawSource): JsonObject {
  const text = decode(bytes);
  if (text === undefined) {
    throw new PullcastError("PC603", {
      detail: `${name} is not UTF-8 text`,
      fix: "save the file as UTF-8",
    });
  }
  const value = parse(text);
  if (value === undefined) {
    const place = findJsonError(text);
    const where = place === undefined ? name : `${name}:${place.line}:${place.column}`;
    throw new PullcastError("PC603", { detail: where });
  }
  if (isObject(value)) return value;
  throw new PullcastError("PC604", { detail: `${name} is not a JSON object` });
}

/** The parser's own error goes no further: it quotes the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A byte order mark is taken off: editors write it, and Go's JSON parser refuses it. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function authsOf(root: JsonObject, name: string): JsonObject {
  const auths = own(root, "auths");
  if (isObject(auths) && Object.keys(auths).length > 0) return auths;
  const helpers = helperNames(root);
  const why = helpers.length > 0 ? `: the credentials are in the helper ${list(helpers)}` : "";
  throw new PullcastError("PC604", { detail: `${name}${why}` });
}

interface Kept {
  readonly key: string;
  readonly verdict: Extract<EntryVerdict, { type: "kept" }>;
}

interface Judged {
  readonly kept: readonly Kept[];
  readonly warnings: readonly Notice[];
}

function judgeAll(auths: JsonObject): Judged {
  const kept: Kept[] = [];
  const dropped = new Map<string, string[]>();
  const doubts = new Map<string, string[]>();
  for (const key of Object.keys(auths).sort()) {
    const reason = keyFault(key);
    const verdict =
      reason === undefined ? judgeEntry(own(auths, key)) : { type: "dropped" as const, reason };
    if (verdict.type === "dropped") {
      append(dropped, verdict.reason, shownKey(key));
    } else {
      kept.push({ key, verdict });
      if (verdict.doubt !== undefined) append(doubts, verdict.doubt, key);
    }
  }
  return {
    kept,
    warnings: [
      ...[...dropped].map(
        ([reason, keys]): Notice => ({
          code: "PC610",
          message: `left out ${list(keys)}: ${reason}`,
        }),
      ),
      ...[...doubts].map(
        ([doubt, keys]): Notice => ({
          code: "PC613",
          message: `${list(keys)}: ${doubt}`,
        }),
      ),
    ],
  };
}

/** Why a key can't be a registry's address. The kubelet parses it as a URL. */
function keyFault(key: string): string | undefined {
  if (key === "") return "the registry's name is empty";
  if (/[\s\p{Cc}\p{Surrogate}]/u.test(key))
    return "the registry's name holds a space or control character";
  if (authority(key).includes("@")) return "the registry's name holds a login";
  return undefined;
}

/** A login in a key may hold a password, so that it must not be shown. */
function shownKey(key: string): string {
  if (key === "") return '""';
  const login = authority(key).lastIndexOf("@");
  return login < 0 ? key : authority(key).slice(login + 1);
}

/** All of a key that may belong to `user:password@host`: a password may hold a slash as well. */
function authority(key: string): string {
  return key.replace(/^[a-z]+:\/\//i, "");
}

/** Text by text, never through an object: a key may be `__proto__`. */
function compose(kept: readonly Kept[]): string {
  const lines = kept.map(
    ({ key, verdict }) =>
      `\t\t${JSON.stringify(key)}: {\n\t\t\t"auth": ${JSON.stringify(verdict.auth)}\n\t\t}`,
  );
  return `{\n\t"auths": {\n${lines.join(",\n")}\n\t}\n}\n`;
}

function helperWarnings(root: JsonObject): Notice[] {
  const helpers = helperNames(root);
  if (helpers.length === 0) return [];
  return [
    { code: "PC610", message: `kubelets have no credential helpers: ${list(helpers)} is not used` },
  ];
}

function helperNames(root: JsonObject): string[] {
  const store = own(root, "credsStore");
  const helpers = own(root, "credHelpers");
  const names = isObject(helpers)
    ? Object.keys(helpers).map((key) => `credHelpers for ${shownKey(key)}`)
    : [];
  return typeof store === "string" && store !== "" ? [`credsStore ${store}`, ...names] : names;
}

function nothingUsable(name: string, root: JsonObject, judged: Judged): PullcastError {
  const reasons = [...judged.warnings, ...helperWarnings(root)].map(({ message }) => message);
  return new PullcastError("PC608", { detail: `${name}: ${reasons.join("; ")}` });
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** Never an inherited property. */
function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
