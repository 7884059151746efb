import { createHash } from "node:crypto";
import type { RunFacts } from "../model.ts";
import type { Secret } from "../secret.ts";
import { cleanText } from "../util/clean-text.ts";
import { parseJson } from "../util/parse-json.ts";

/** One auth entry of ours in a file. */
export interface StoryEntry {
  /** The key of `auths`. */
  readonly key: string;
  /** Of the login: whether it is still the one that was written. Never shown. */
  readonly mark: string;
  /** The field managers that want it there, one or more. */
  readonly managers: readonly string[];
  /** RFC 3339, `never` or `unknown`. */
  readonly expiresAt: string;
}

/** What a run left on a node, for those that come after it: kept beside the file, for root's eyes. Nothing secret. */
export interface Story extends RunFacts {
  /** What is ours of the file; others' entries are not told. */
  readonly entries: readonly StoryEntry[];
}

/** More entries than a file of 1 MiB holds. */
const MAX_ENTRIES = 50_000;
const MAX_NAME_CHARS = 500;

/** The mark of a login: `auth` is padded base64 of `user:password`. */
export function markOf(auth: Secret<string>): string {
  return createHash("sha256").update(auth.reveal()).digest("hex").slice(0, 32);
}

/** What is told of a login that these managers want. */
export function storyEntry(
  login: {
    readonly key: string;
    readonly auth: Secret<string>;
    readonly expiresAt: string;
  },
  managers: readonly string[],
): StoryEntry {
  const { key, auth, expiresAt } = login;
  return { key, mark: markOf(auth), managers, expiresAt };
}

/** One line of printable ASCII. */
export function formatStory(story: Story): string {
  const { entries, ...rest } = story;
  const list = entries.map(({ key, mark, managers, expiresAt }) => [
    key,
    mark,
    managers,
    expiresAt,
  ]);
  return JSON.stringify({ version: 1, ...rest, entries: list }).replaceAll(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `undefined` for what is no story; a node may say anything, so texts are cleaned. */
export function parseStory(text: string): Story | undefined {
  const read = parseJson(text);
  if (typeof read !== "object" || read === null) return undefined;
  const fields = read as Record<string, unknown>;
  const { version, run, at, operation, to, entries } = fields;
  if (version !== 1 || !isRun(run) || typeof at !== "string" || !isOperation(operation)) {
    return undefined;
  }
  if (!Array.isArray(entries) || entries.length > MAX_ENTRIES) return undefined;
  const time = Date.parse(at);
  const whole = entries.map(parseEntry);
  if (Number.isNaN(time) || whole.some((entry) => entry === undefined)) return undefined;
  return {
    run,
    at: new Date(time).toISOString(),
    operation,
    operator: name(fields["operator"]),
    source: name(fields["source"]),
    manager: name(fields["manager"]),
    ...(isRun(to) ? { to } : {}),
    entries: whole.flatMap((entry) => (entry === undefined ? [] : [entry])),
  };
}

/** The first end that is known of some entries, RFC 3339. */
export function firstEnd(entries: readonly { readonly expiresAt: string }[]): string | undefined {
  const ends = entries.map(({ expiresAt }) => expiresAt).filter((end) => Date.parse(end) > 0);
  return ends.sort()[0];
}

function parseEntry(read: unknown): StoryEntry | undefined {
  if (!Array.isArray(read)) return undefined;
  const [key, mark, managers, expiresAt] = read as readonly unknown[];
  if (typeof key !== "string" || typeof mark !== "string" || typeof expiresAt !== "string") {
    return undefined;
  }
  if (!Array.isArray(managers) || !managers.every((one) => typeof one === "string")) {
    return undefined;
  }
  return { key, mark, managers: managers.map(name), expiresAt: name(expiresAt) };
}

function isRun(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(value);
}

function isOperation(value: unknown): value is Story["operation"] {
  return value === "push" || value === "rollback" || value === "remove";
}

function name(value: unknown): string {
  return typeof value === "string" ? cleanText(value, MAX_NAME_CHARS) : "";
}
