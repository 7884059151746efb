import { type Code, PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import { shellWord } from "../util/shell-word.ts";

/** First match decides; wordings of kubectl 1.20 to 1.35 and client-go. */
const STDERR_CODES: readonly (readonly [RegExp, Code])[] = [
  [/timeout value\. Timeout must be|invalid argument .* for ".*request-timeout/i, "PC001"],
  [/unable to parse requirement|label selector "[^"]*", field selector "/i, "PC001"],
  [/context was not found|context ".*" does not exist|no context exists/i, "PC102"],
  [/no server found for cluster|cluster ".*" does not exist|current-context must exist/i, "PC102"],
  [/error loading config file|invalid configuration|stat .*: no such file/i, "PC102"],
  [
    /open .*: permission denied|illegal base64|unable to (read|load) (client|certificate)/i,
    "PC102",
  ],
  [/credential plugin|getting credentials|exec plugin/i, "PC104"],
  [/\(Forbidden\)|\(Unauthorized\)|must be logged in|provide credentials/i, "PC104"],
  [/is forbidden: User/i, "PC104"],
  [/Client\.Timeout|deadline exceeded|i\/o timeout|TLS handshake timeout|\(Timeout\)/i, "PC106"],
  [/the server could not find the requested resource/i, "PC103"],
  [/was refused|Unable to connect|no such host|no route to host|network is unreachable/i, "PC103"],
  [/x509|tls:|certificate|connection reset|\bEOF\b/i, "PC103"],
  [/\((ServiceUnavailable|InternalError|TooManyRequests)\)|http2:/i, "PC103"],
];

/** What a failed kubectl said, as one of our codes: PC001, PC102 to PC106; PC103 where the words are unknown. */
function classifyKubectlStderr(stderr: string): Code {
  const text = withoutLogLines(stderr);
  const found = STDERR_CODES.find(([words]) => words.test(text));
  return found?.[1] ?? "PC103";
}

/** kubectl's words on one clean line: client-go's repeated log lines (`E1124 11:25:41 …`) are left out. */
export function kubectlWords(stderr: string): string {
  const first = withoutLogLines(stderr)
    .split("\n")
    .find((line) => line.trim() !== "");
  return cleanText((first ?? "").trim().replace(/^error: /i, ""), 400);
}

/** A PullcastError for a kubectl that ended with an error. */
export function kubectlError(stderr: string): PullcastError {
  const words = kubectlWords(stderr);
  const detail = words === "" ? "kubectl failed without a word" : words;
  // A file that isn't there has no contexts to show.
  const missing = /(?:stat|open) (\S+): no such file/.exec(words)?.[1];
  const code = classifyKubectlStderr(stderr);
  const fix = code === "PC102" && missing !== undefined;
  return new PullcastError(code, {
    detail,
    ...(fix ? { fix: `check --kubeconfig and $KUBECONFIG: ls -l ${shellWord(missing)}` } : {}),
  });
}

/** A PullcastError for a kubectl that could not be started. */
export function kubectlStartError(program: string, cause: unknown): PullcastError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  const why = code === "EACCES" ? "may not be executed" : "is not on PATH";
  return new PullcastError("PC101", { detail: `${program} ${why}`, cause });
}

function withoutLogLines(stderr: string): string {
  const kept: string[] = [];
  let inBlock = false;
  for (const line of stderr.split("\n")) {
    if (inBlock) {
      inBlock = line !== " >";
    } else if (/^[EWIF]\d{4} \d\d:\d\d:\d\d/.test(line)) {
      inBlock = line.endsWith("=<");
    } else if (!/^Warning:/.test(line)) {
      kept.push(line);
    }
  }
  return kept.join("\n");
}
