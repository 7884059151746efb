import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { systemCode } from "./ssh-error.ts";
import { matchesGlob } from "./ssh-pattern.ts";

/** Tells which hosts ssh's configuration treats alike. */
export interface HostPatterns {
  /** Of all settings, in lower case, whomever they are about. */
  readonly keywords: ReadonlySet<string>;
  /** Paths of the files that were read. */
  readonly files: ReadonlySet<string>;
  /** Equal for two names that the same `Host` lines match: ssh has the same settings for both. */
  signature(alias: string): string;
}

/** ssh gives up at this depth (READCONF_MAX_DEPTH). */
const MAX_DEPTH = 16;

/**
 * Reads the `Host` lines of ssh_config files, so that ssh need not be asked for each of a thousand nodes.
 * A file that isn't there is empty, as it is to ssh.
 *
 * @returns `undefined` where only ssh can tell: a `Match` line, a canonicalised name, an include that needs expanding
 */
export async function readHostPatterns(
  files: readonly { readonly path: string; readonly includeDir: string }[],
): Promise<HostPatterns | undefined> {
  const hostLines: string[][] = [];
  const keywords = new Set<string>();
  const read = new Set<string>();
  for (const { path, includeDir } of files) {
    const walk = { includeDir, depth: 0, hostLines, keywords, read };
    if (!(await addFile(path, walk))) return undefined;
  }
  return {
    keywords,
    files: read,
    signature: (alias) =>
      hostLines.map((line) => (matchesHostLine(alias, line) ? "1" : "0")).join(""),
  };
}

interface Walk {
  /** Where relative includes are. */
  readonly includeDir: string;
  readonly depth: number;
  readonly hostLines: string[][];
  readonly keywords: Set<string>;
  readonly read: Set<string>;
}

/** `false` where the file holds what can't be told from here. */
async function addFile(path: string, walk: Walk): Promise<boolean> {
  if (walk.depth > MAX_DEPTH) return false;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return systemCode(error) === "ENOENT";
  }
  walk.read.add(normalize(path));
  for (const line of text.split("\n")) {
    if (!(await addLine(line, walk))) return false;
  }
  return true;
}

async function addLine(line: string, walk: Walk): Promise<boolean> {
  if (/^\s*(?:#|$)/.test(line)) return true;
  const [, name, rest = ""] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
  // ssh takes a keyword in quotes as well.
  if (name === undefined) return false;
  const keyword = name.toLowerCase();
  const words = rest.split(/\s+/).map((word) => word.replaceAll('"', ""));
  switch (keyword) {
    case "host":
      walk.hostLines.push(words);
      return true;
    case "match":
    case "canonicalizehostname":
      return false;
    case "include": {
      for (const word of words) if (!(await addInclude(word, walk))) return false;
      return true;
    }
    default:
      walk.keywords.add(keyword);
      return true;
  }
}

async function addInclude(word: string, walk: Walk): Promise<boolean> {
  const path = isAbsolute(word) ? word : join(walk.includeDir, word);
  const directory = dirname(path);
  // Only the last part may be a pattern; `~user`, %tokens and ${VARIABLES} are left to ssh.
  if (/[%$~]/.test(word) || /[*?[]/.test(directory) || basename(path).includes("[")) return false;
  const names = /[*?]/.test(basename(path))
    ? (await readdir(directory).catch(() => []))
        .filter((name) => matchesGlob(name, basename(path)))
        .sort()
    : [basename(path)];
  for (const name of names) {
    if (!(await addFile(join(directory, name), { ...walk, depth: walk.depth + 1 }))) return false;
  }
  return true;
}

/** Whether a `Host` line is about a name: one pattern must match and no negated one (OpenSSH: readconf.c, oHost). */
export function matchesHostLine(alias: string, patterns: readonly string[]): boolean {
  const matches = (pattern: string) => matchesGlob(alias, pattern);
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1))))
    return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern));
}
