import { spawn } from "node:child_process";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { shellWord } from "../util/shell-word.ts";
import { systemCode } from "./ssh-error.ts";
import type { SshConfig } from "./transport.ts";

/** What `ssh -G` prints: values by keyword in lower case, in order. */
export type SshAnswer = ReadonlyMap<string, readonly string[]>;

/** Names that ssh takes for a host and nothing else; cluster data comes here as well. */
const ALIAS = /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/;

const LIMIT_MS = 5000;
const MAX_BYTES = 1024 * 1024;

/** Whether ssh takes a text for a host's name and nothing else. */
export function isHostAlias(text: string): boolean {
  return ALIAS.test(text);
}

/**
 * Asks ssh which settings it would use for a host (`ssh -G`, OpenSSH 6.8 on); it connects to nothing,
 * but runs the commands of the user's own `Match exec` lines.
 *
 * @returns `undefined` where there is no such program
 * @throws {PullcastError} PC233 with ssh's words, where it refuses its configuration or the name
 */
export async function askSsh(config: SshConfig, alias: string): Promise<SshAnswer | undefined> {
  const refused = (...[name, why]: readonly [string, string]) =>
    new PullcastError("PC233", {
      phase: "resolve",
      detail: `${cleanText(name, 100)}: ${why}`,
      fix: sshQuestion(config, isHostAlias(name) ? name : "HOST"),
    });
  if (!isHostAlias(alias)) throw refused(alias, "the name holds characters that no host name has");
  const file = config.file === undefined ? [] : ["-F", config.file];
  const options = config.options.flatMap((option) => ["-o", option]);
  // With -N it also prints settings that leave no session, such as ForkAfterAuthentication.
  const child = spawn(config.program, ["-T", "-N", "-G", ...file, ...options, "--", alias], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
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
  if (code !== 0) throw refused(alias, cleanText(stderr(), 300) || `it ended with code ${code}`);
  return parseAnswer(stdout());
}

/** Lines of `keyword value`. */
export function parseAnswer(text: string): SshAnswer {
  const answer = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const space = line.indexOf(" ");
    if (space < 0) continue;
    const keyword = line.slice(0, space).toLowerCase();
    const values = answer.get(keyword);
    if (values === undefined) answer.set(keyword, [line.slice(space + 1)]);
    else values.push(line.slice(space + 1));
  }
  return answer;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    if (text.length < MAX_BYTES) text += chunk;
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
