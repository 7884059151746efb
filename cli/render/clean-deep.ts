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
  if (isClean(value)) return value;
  if (Array.isArray(value)) return value.map(clean);
  return Object.fromEntries(
    Object.entries(value as object).map(([key, item]) => [cleanText(key, MAX_TEXT), clean(item)]),
  );
}

/** Looks, and makes nothing. */
function isClean(value: unknown): boolean {
  if (typeof value === "string") return cleanText(value, MAX_TEXT) === value;
  if (Array.isArray(value)) return value.every(isClean);
  if (typeof value !== "object" || value === null) return true;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key in fields) {
    if (!isClean(fields[key]) || !isClean(key)) return false;
  }
  return true;
}
