import { KUBELET_CACHE_MS } from "../../kubelet/cache-time.ts";
import type { NodeSurvey, SurveyLogLine } from "../../node/read-survey.ts";
import type { Secret } from "../../secret.ts";
import { withholdSecrets } from "../../util/withhold.ts";

/** What the kubelet writes at -v=2 each time that it reads its files (pkg/credentialprovider/provider.go, 1.30 to 1.35). */
const READ = "Refreshing cache for provider";
/** The level from which on it does. */
const READ_LEVEL = 2;

/** When the kubelet last read its files, by its own log; seconds since 1970. Lines of others don't count. */
export function lastReading({ kubelet, log }: NodeSurvey): number | undefined {
  const readings = log.filter(({ pid, text }) => pid === kubelet?.pid && text.includes(READ));
  return readings.at(-1)?.at;
}

/** From a start to the first word, seconds. */
const STARTUP_SECONDS = 60;

/**
 * Whether the log would tell of a reading that still counts: the kubelet is as talkative as that, and its words
 * go back to its start, or to where all that it read then is forgotten.
 */
export function tellsReadings({ now, journalFrom, flags, kubelet }: NodeSurvey): boolean {
  const { v: level } = flags;
  if (kubelet === undefined || journalFrom === undefined) return false;
  const wholeLife = journalFrom <= kubelet.startedAt + STARTUP_SECONDS;
  const longEnough = journalFrom <= now - KUBELET_CACHE_MS / 1000;
  return Number(level) >= READ_LEVEL && (wholeLife || longEnough);
}

/** The kubelet's other words, without a line that holds one of these secrets or what looks like a token. */
export function otherWords(
  { log }: NodeSurvey,
  secrets: readonly Secret<string>[],
): SurveyLogLine[] {
  const revealed = secrets.map((secret) => secret.reveal());
  return joinBlocks(log)
    .filter(({ text }) => TELLING.test(text) && !text.includes(READ))
    .map((line) => ({ ...line, text: withholdSecrets(line.text, revealed).replace(TOKEN, "***") }));
}

/** Which of the kubelet's words are about credentials and pulls: the program sends other blocks along. */
const TELLING =
  /dockercfg|credential provider|credentials for image|pull secret|PullImage|ErrImagePull/i;

/** klog writes an error of several lines as a block from `err=<` to `>`: one line of it, with `err="…"`. */
function joinBlocks(log: readonly SurveyLogLine[]): SurveyLogLine[] {
  const joined: SurveyLogLine[] = [];
  let block: { readonly head: SurveyLogLine; readonly words: string[] } | undefined;
  for (const line of log) {
    const end = /^\s*>(?: (.*))?$/.exec(line.text);
    if (block !== undefined && line.pid === block.head.pid) {
      if (end === null) block.words.push(line.text.trim());
      else {
        const error = JSON.stringify(block.words.join(" "));
        const text = `${block.head.text.slice(0, -"<".length)}${error} ${end[1] ?? ""}`;
        joined.push({ ...block.head, text });
        block = undefined;
      }
    } else if (line.text.endsWith("err=<")) block = { head: line, words: [] };
    else joined.push(line);
  }
  return joined;
}

/** JWTs, and what stands behind a telling word: a provider's own words come into the log unread. */
const TOKEN =
  /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?<=\b(?:password|passwd|secret|token|authorization|bearer|basic)["']?[=: ]\s*["']?)[^\s"',;:]{8,}/gi;

/** A provider's failure as the kubelet logs it (pkg/credentialprovider/plugin/plugin.go, 1.35). */
export interface ProviderFailure {
  readonly provider: string;
  readonly at: number;
  /** The provider's own words, from standard error. */
  readonly words: string;
}

/** The last failure of each provider in these words. */
export function providerFailures(words: readonly SurveyLogLine[]): ProviderFailure[] {
  const failures = new Map<string, ProviderFailure>();
  for (const { at, text } of words) {
    if (!text.includes("Failed to provide credentials for image")) continue;
    const provider = /\bprovider="((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
    const error = /\berr="((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
    if (provider !== undefined) {
      failures.set(provider, { provider, at, words: plain(error) });
    }
  }
  return [...failures.values()];
}

/** klog's quoting undone, and the kubelet's own wrapping left out. */
function plain(error: string): string {
  return error
    .replace(/\\(.)/g, (_, char: string) => (char === "n" || char === "t" ? " " : char))
    .replace(/^failed to get credential from external registry credential provider: /, "")
    .replace(/^error execing credential provider plugin \S+ for image \S+: /, "")
    .trim();
}
