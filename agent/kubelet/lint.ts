import type { Problem } from "../model.ts";
import { problem } from "../problem.ts";
import { lintLogin } from "./lint-entry.ts";
import { type LintContext, lintKey } from "./lint-key.ts";
import { lintKeys, type ServingEntry } from "./lint-keys.ts";
import type { EntryReading, KubeletFileFormat } from "./model.ts";
import { readEntries } from "./read-entries.ts";

/** A file of this size still works; nobody needs so many registries on a node. */
const LARGE_BYTES = 256 * 1024;

/** How a file is judged. */
export interface LintOptions extends LintContext {
  /** @default config.json */
  readonly format?: KubeletFileFormat;
}

/**
 * All that makes a kubelet ignore or misread entries of a file, errors first: what voids the file, logins
 * with nothing in them, keys that no image matches or that serve other images than meant, keys that get
 * in each other's way. Each claim is the rule of `lookUp`, which the real packages confirm.
 *
 * @param text - the file as it stands on a node, or as a push would send it
 */
export function lintFile(text: Uint8Array | string, options: LintOptions): Problem[] {
  const { entries, faults } = readEntries(text, options.format);
  const sizeBytes = typeof text === "string" ? Buffer.byteLength(text) : text.byteLength;
  const problems = [
    ...faults.map((detail) => problem("PC650", "error", { detail })),
    ...lintEntries(entries, options),
    ...(sizeBytes > LARGE_BYTES ? [large(sizeBytes, entries.length)] : []),
  ];
  return [
    ...problems.filter(({ severity }) => severity === "error"),
    ...problems.filter(({ severity }) => severity === "warning"),
  ];
}

function lintEntries(entries: readonly EntryReading[], context: LintContext): Problem[] {
  const problems: Problem[] = [];
  const serving: ServingEntry[] = [];
  const counting = entries.filter(({ replaced }) => !replaced);
  for (const entry of entries) problems.push(...lintLogin(entry));
  for (const entry of counting) {
    const found = lintKey(entry.key, context);
    problems.push(...found.problems);
    if (!entry.readable || found.serving === undefined) continue;
    const { key, username, auth } = entry;
    serving.push({ key, username, auth, ...found.serving });
  }
  problems.push(...lintKeys(serving, context));
  const isUseless = counting.length > 0 && serving.length === 0;
  return isUseless ? problems.map(asError) : problems;
}

/** Where no key serves any image, nothing sound is left. */
function asError(one: Problem): Problem {
  return one.code === "PC654" ? { ...one, severity: "error" } : one;
}

function large(sizeBytes: number, count: number): Problem {
  const kib = Math.round(sizeBytes / 1024);
  return problem("PC666", "warning", { detail: `${count} entries in ${kib} KiB` });
}
