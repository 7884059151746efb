import { cleanText } from "../../agent/index.ts";

/** Longer texts are cut; a message of the registry or of a node may be of any length. */
const MAX_TEXT = 2000;

/**
 * The same where every text is safe to print, else a copy in which it is: the one place where reports and events of
 * the engine lose control characters before they reach a terminal, a log or a document. Most are safe: nothing of a
 * report of thousands of nodes is copied then.
 */
export function cleanDeep<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value, MAX_TEXT);
  if (Array.isArray(value)) {
    const items = value.map(clean);
    return items.every((item, at) => Object.is(item, value[at])) ? value : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value);
  const fields = value as Readonly<Record<string, unknown>>;
  const items = keys.map((key) => clean(fields[key]));
  const isSame = keys.every(
    (key, at) => Object.is(items[at], fields[key]) && cleanText(key, MAX_TEXT) === key,
  );
  if (isSame) return value;
  return Object.fromEntries(keys.map((key, at) => [cleanText(key, MAX_TEXT), items[at]]));
}
