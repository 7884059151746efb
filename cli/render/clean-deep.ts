import { cleanText } from "../../agent/index.ts";

/** Longer texts are cut; a message of the registry or of a node may be of any length. */
const MAX_TEXT = 2000;

/**
 * A copy in which every text is safe to print: the one place where reports and events of the engine
 * lose control characters before they reach a terminal, a log or a document.
 */
export function cleanDeep<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value, MAX_TEXT);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  // In place: a report of thousands of nodes is nothing but such pairs.
  for (const entry of entries) {
    entry[0] = cleanText(entry[0], MAX_TEXT);
    entry[1] = clean(entry[1]);
  }
  return Object.fromEntries(entries);
}
