import type { Notice } from "../model.ts";
import { shownKey } from "./keys.ts";
import type { CredentialDocument, SourceEntry } from "./model.ts";
import { groupNames, nameList } from "./name-list.ts";

interface Merged {
  /** In the order of the sources, one for each key. */
  readonly entries: readonly SourceEntry[];
  readonly warnings: readonly Notice[];
}

/**
 * Puts sources together: for the same key, as written, the later one wins; but one that no kubelet could use
 * replaces none that it could.
 */
export function mergeDocuments(documents: readonly CredentialDocument[]): Merged {
  const entries = new Map<string, SourceEntry>();
  const replaced: { name: string; what: string }[] = [];
  for (const entry of documents.flatMap((document) => document.entries)) {
    const before = entries.get(entry.key);
    const isWorse = before?.content.type !== "unusable" && entry.content.type === "unusable";
    if (before !== undefined) {
      const [taken, left] = isWorse ? [before, entry] : [entry, before];
      const why = isWorse ? `, where ${entry.content.reason}` : "";
      replaced.push({
        name: shownKey(entry.key),
        what: `from ${taken.source}, not from ${left.source}${why}`,
      });
      if (isWorse) continue;
    }
    entries.set(entry.key, entry);
  }
  return {
    entries: [...entries.values()],
    warnings: groupNames(replaced).map(([what, names]) => ({
      code: "PC636",
      message: `${nameList(names)}: taken ${what}`,
    })),
  };
}
