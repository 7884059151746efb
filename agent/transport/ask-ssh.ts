import { spawn } from "node:child_process";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { shellWord } from "../util/shell-word.ts";
import { systemCode } from "./ssh-error.ts";
import type { SshConfig } from "./transport.ts";

/** What `ssh -G` prints: values by keyword in lower case, in order. */
export interface SshAnswer extends Iterable<readonly [keyword: string, values: readonly string[]]> {
  readonly size: number;
  /** The answer that this one repeats for another name; absent where ssh was asked about this name. */
  readonly repeats?: SshAnswer;
  get(keyword: string): readonly string[] | undefined;
}

/** Names that ssh takes for a host and nothing else; cluster data comes here as well. */
const ALIAS = /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/;

/** The longest that ssh may take for an answer, ms. */
export const ANSWER_MS = 5000;
export const MAX_ANSWER_BYTES = 1024 * 1024;

/** Whether ssh takes a text for a host's name and nothing else. */
export function isHostAlias(text: string): boolean {
  return ALIAS.test(text);
}

/**
 * What `ssh -G` is told besides the name. With -N it also prints settings that leave no session,
 * such as ForkAfterAuthentication.
 */
export function questionArguments({ file, options }: SshConfig): string[] {
  return [
    ...["-T", "-N", "-G"],
    ...(file === undefined ? [] : ["-F", file]),
    ...options.flatMap((option) => ["-o", option]),
    "--",
  ];
}

/**
 * Asks ssh which settings it would use for a host (`ssh -G`, OpenSSH 6.8 on); it connects to nothing,
 * but runs the commands of the user's own `Match exec` lines.
 *
 * @returns `undefined` where there is no such program
 * @throws {PullcastError} PC233 with ssh's words, where it refuses its configuration or the name
 */
export async function askSsh(config: SshConfig, alias: string): Promise<SshAnswer | undefined> {
  return (await askForFiles(config, alias))?.answer;
}

/** ssh's answer, and the configuration files that it read for it, as far as it tells. */
export interface SourcedAnswer {
  readonly answer: SshAnswer;
  /** Paths, each cut after 200 bytes. */
  readonly files: readonly string[];
}

/** What ssh says with -v of its version and its doings. */
const ASIDE = /^(?:debug\d: |OpenSSH_)/;

/** The same, with the files (OpenSSH: readconf.c, read_config_file_depth); the arguments and errors of {@link askSsh}. */
export async function askForFiles(
  config: SshConfig,
  alias: string,
): Promise<SourcedAnswer | undefined> {
  const refused = (...[name, why]: readonly [string, string]) =>
    new PullcastError("PC233", {
      phase: "resolve",
      detail: `${cleanText(name, 100)}: ${why}`,
      fix: sshQuestion(config, isHostAlias(name) ? name : "HOST"),
    });
  if (!isHostAlias(alias)) throw refused(alias, "the name holds characters that no host name has");
  const child = spawn(config.program, ["-v", ...questionArguments(config), alias], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: ANSWER_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let code: number | null;
  try {
    code = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw refused(alias, `${config.program} can't be run: ${systemCode(error)}`);
  }
  if (code === null) throw refused(alias, `${config.program} -G gave no answer within 5 s`);
  const said = stderr().split(/\r?\n/);
  if (code !== 0) {
    const words = said.filter((line) => !ASIDE.test(line)).join("\n");
    throw refused(alias, cleanText(words, 300) || `it ended with code ${code}`);
  }
  const files = said.flatMap((line) => {
    const [, path] = /^debug1: Reading configuration data (.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  return { answer: parseAnswer(stdout()), files };
}

/**
 * Lines of `keyword value`.
 * @param shared - texts of other answers: most are the same for all hosts, and a thousand are kept
 */
export function parseAnswer(text: string, shared: Map<string, string> = new Map()): SshAnswer {
  // A piece of a text would keep all of it in memory.
  const own = (piece: string) => {
    const there = shared.get(piece);
    if (there !== undefined) return there;
    const copy = Buffer.from(piece).toString();
    shared.set(copy, copy);
    return copy;
  };
  const answer = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const keyword = own(line.slice(0, space).toLowerCase());
    // Ours where ssh was asked with -v, and nothing to us.
    if (keyword === "loglevel") continue;
    const value = own(line.slice(space + 1));
    const values = answer.get(keyword);
    if (values === undefined) answer.set(keyword, [value]);
    else values.push(value);
  }
  return answer;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.length < MAX_ANSWER_BYTES) text += chunk;
  });
  return () => text;
}

/** The same question as a command for people, with the file and options that decide. */
function sshQuestion({ file, options }: SshConfig, alias: string): string {
  const words = [
    ...(file === undefined ? [] : ["-F", file]),
    ...options.flatMap((option) => ["-o", option]),
    alias,
  ];
  return ["ssh -G", ...words.map(shellWord)].join(" ");
}
