import type { Line } from "ssh-config";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";

/** One line of ssh's configuration. */
export interface SshSetting {
  /** As written. */
  readonly name: string;
  /** In lower case. */
  readonly keyword: string;
  readonly values: readonly string[];
  /** Patterns of the `Host` line above it; absent: it is about every host. */
  readonly hosts?: readonly string[];
  /** `FILE:LINE`, or `-o`. */
  readonly place: string;
}

interface ParseOptions {
  /** The file's path, or `-o`. */
  readonly where: string;
  /** Keywords whose value may be anything up to the line's end: commands, and what nobody reads. */
  readonly isFree: (keyword: string) => boolean;
}

/**
 * Words as ssh and the parser read them alike: each bare, or in double quotes from end to end.
 * OpenSSH's own splitting (misc.c, argv_split) knows more: backslashes, single quotes, quotes inside words.
 */
const WORDS = /^(?:"[^"\\]+"|[^\s"'\\#]+)(?:\s+(?:"[^"\\]+"|[^\s"'\\#]+))*(?:\s+#.*)?$/;
const LINE = /^\s*([A-Za-z0-9]+)(?:[ \t]*=[ \t]*|[ \t]+)(\S.*?)\s*$/;

/**
 * Reads the text of an ssh_config file, or of one `-o`, with the package `ssh-config`, of which only the splitting
 * into lines and words is used: the rest of it would run commands, ask DNS and match by other rules than ssh.
 *
 * @throws {PullcastError} PC266 with the place where it holds `Include`, `Match` or what ssh may read otherwise
 */
export async function parseSshConfig(text: string, options: ParseOptions): Promise<SshSetting[]> {
  const { where } = options;
  const { default: parser } = await import("ssh-config");
  let lines: readonly Line[];
  try {
    lines = parser.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw onlySsh(where, cleanText(why, 100), error);
  }
  const rawLines = text.split("\n");
  const settings: SshSetting[] = [];
  let hosts: readonly string[] | undefined;
  for (const { directive, number } of numbered(lines)) {
    const place = where === "-o" ? where : `${where}:${number}`;
    const setting = settingOf(directive, { ...options, place, raw: rawLines[number - 1] ?? "" });
    if (setting.keyword === "host") hosts = setting.values;
    else settings.push(hosts === undefined ? setting : { ...setting, hosts });
  }
  return settings;
}

type Directive = Extract<Line, { readonly param: string }>;

/** All lines but comments, those of sections too, each with its number from 1 on. */
function numbered(lines: readonly Line[]): { directive: Directive; number: number }[] {
  const flat = lines.flatMap((line) => [line, ...("config" in line ? line.config : [])]);
  let number = 1;
  return flat.flatMap((line) => {
    const at = number + newlines(line.before);
    number = at + newlines(line.after);
    return "param" in line ? [{ directive: line, number: at }] : [];
  });
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}

function settingOf(
  { param: name, value }: Directive,
  options: Pick<ParseOptions, "isFree"> & { readonly place: string; readonly raw: string },
): SshSetting {
  const { isFree, place, raw } = options;
  const keyword = name.toLowerCase();
  if (keyword === "include" || keyword === "match") throw onlySsh(place, name);
  const [, rawName, rest = ""] = LINE.exec(raw) ?? [];
  if (rawName !== name) throw onlySsh(place, `"${cleanText(raw, 60)}"`);
  const values = typeof value === "string" ? [value] : value.map(({ val }) => val);
  const setting = { name, keyword, values, place };
  if (isFree(keyword)) return setting;
  if (!WORDS.test(rest)) throw onlySsh(place, `quotes or marks in ${name}`);
  if (typeof value === "string") {
    if (wordsIn(rest) > 1) throw onlySsh(place, `more than one value of ${name}`);
  } else if (value.some(({ separator }) => separator === "=")) {
    // The parser takes = for a space in lists.
    throw onlySsh(place, `= in ${name}`);
  }
  return setting;
}

function wordsIn(text: string): number {
  return text.replace(/\s#.*$/, "").match(/"[^"]*"|[^\s"]+/g)?.length ?? 0;
}

/** Where a configuration holds what only ssh can tell. */
export function onlySsh(place: string, what: string, cause?: unknown): PullcastError {
  return new PullcastError("PC266", { phase: "resolve", detail: `${place}: ${what}`, cause });
}
