import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import { findJsonError } from "../util/json-place.ts";
import { parseJson } from "../util/parse-json.ts";
import { field, isObject, type JsonObject, own } from "./json-object.ts";
import { judgeEntry } from "./judge-entry.ts";
import { keyFault, shownKey } from "./keys.ts";
import type { CredentialDocument, EntryContent, RawSource, SourceEntry } from "./model.ts";
import { nameList } from "./name-list.ts";

/** Fields that make an object an entry: a legacy `.dockercfg` is such entries alone. */
const ENTRY_FIELDS = ["auth", "username", "password", "identitytoken"] as const;

/**
 * Reads what a source says: docker's config.json and containers' auth.json by their `auths`, `credHelpers` and
 * `credsStore`, a legacy `.dockercfg` by its shape. Each entry is judged here, so that no bare secret goes further.
 *
 * @throws {PullcastError} PC603 not JSON, PC604 no credentials and nothing that names a helper for them;
 *   texts never hold the content
 */
export function parseDocument({ name, bytes, warnings }: RawSource): CredentialDocument {
  const root = parseObject(name, bytes);
  const auths = authsOf(root);
  const helpers = fieldObject(root, "credHelpers");
  const store = field(root, "credsStore");
  const storeName = typeof store === "string" && store !== "" ? store : undefined;
  const keys = new Set([...Object.keys(auths), ...Object.keys(helpers)]);
  const rules = { auths, helpers, ...(storeName === undefined ? {} : { store: storeName }) };
  const entries = [...keys].map((key) => entryOf(key, name, rules));
  if (entries.length === 0 && storeName === undefined) {
    throw new PullcastError("PC604", { detail: name });
  }
  return {
    source: name,
    entries,
    ...(storeName === undefined ? {} : { store: storeName }),
    warnings: [...warnings, ...headerNotices(name, root)],
  };
}

interface FileRules {
  readonly auths: JsonObject;
  readonly helpers: JsonObject;
  readonly store?: string;
}

function entryOf(key: string, source: string, rules: FileRules): SourceEntry {
  const fault = keyFault(key);
  if (fault === undefined) return { key, source, content: contentOf(key, rules) };
  // What may be a password in the key goes no further than here.
  return { key: shownKey(key), source, content: { type: "unusable", reason: fault } };
}

/** docker: a key's own helper stands above its entry, the store below it. */
function contentOf(key: string, { auths, helpers, store }: FileRules): EntryContent {
  const helper = own(helpers, key);
  if (typeof helper === "string" && helper !== "") {
    return { type: "helper", name: helper, setting: "credHelpers" };
  }
  const judged = Object.hasOwn(auths, key) ? judgeEntry(own(auths, key)) : undefined;
  if (judged !== undefined) return judged;
  if (store !== undefined) return { type: "helper", name: store, setting: "credsStore" };
  return { type: "unusable", reason: "it has no credentials" };
}

function authsOf(root: JsonObject): JsonObject {
  const hasAuths = Object.keys(root).some((key) => key.toLowerCase() === "auths");
  if (hasAuths) return fieldObject(root, "auths");
  const isLegacy = Object.values(root).some(
    (value) =>
      isObject(value) && ENTRY_FIELDS.some((name) => typeof field(value, name) === "string"),
  );
  return isLegacy ? root : {};
}

function fieldObject(root: JsonObject, name: string): JsonObject {
  const value = field(root, name);
  return isObject(value) ? value : {};
}

/** Their values may be secrets. */
function headerNotices(source: string, root: JsonObject): Notice[] {
  const names = Object.keys(fieldObject(root, "HttpHeaders"));
  if (names.length === 0) return [];
  const message = `HttpHeaders of ${source} are left out, kubelets never send them: ${nameList(names)}`;
  return [{ code: "PC635", message }];
}

function parseObject(name: string, bytes: Uint8Array): JsonObject {
  const text = decode(bytes);
  if (text === undefined) {
    throw new PullcastError("PC603", {
      detail: `${name} is not UTF-8 text`,
      fix: "save the file as UTF-8",
    });
  }
  const value = parseJson(text);
  if (value === undefined) {
    const place = findJsonError(text);
    const where = place === undefined ? name : `${name}:${place.line}:${place.column}`;
    throw new PullcastError("PC603", { detail: where });
  }
  if (isObject(value)) return value;
  throw new PullcastError("PC604", { detail: `${name} is not a JSON object` });
}

/** A byte order mark is taken off: editors write it, and Go's JSON parser refuses it. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
