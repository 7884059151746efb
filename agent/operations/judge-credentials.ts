import type { Credential, LeftOut, LoadedConfig } from "../credentials/model.ts";
import { nameList } from "../credentials/name-list.ts";
import { type Code, describeCode, PullcastError } from "../errors.ts";
import { lintFile } from "../kubelet/lint.ts";
import type { Notice, Problem } from "../model.ts";
import { errorsFirst, noticeProblem, problem } from "../problem.ts";
import { parseRepository } from "./kubelet-lookup.ts";

/** Less than this is too short for a push and the pulls after it. */
const SOON_MS = 30 * 60_000;
/** Remarks that are no problem of an entry: true of each push, or what the user asked for. */
const NO_PROBLEM: readonly Code[] = ["PC611", "PC633"];
/** What lint says as well, key by key. */
const LINTED: readonly Code[] = ["PC613"];
/** Problems told in one error. */
const MAX_TOLD = 10;

/** What is wrong with what a push would send. */
export interface JudgedCredentials {
  /**
   * All of it, errors first: what a kubelet would ignore or misread, what ends soon or has ended, and what was
   * left out of the sources and why.
   */
  readonly problems: readonly Problem[];
  /** What a push says of its credentials before it begins, one line for each thing that is said. */
  readonly notices: readonly Notice[];
}

/** Judges what a push would send; a file of thousands of entries takes a second. */
export function judgeCredentials(config: LoadedConfig, now: Date): JudgedCredentials {
  const sent = sentProblems(config, now);
  return { problems: allProblems(config, sent), notices: noticesOf(config, sent) };
}

function allProblems(config: LoadedConfig, sent: readonly Problem[]): Problem[] {
  const leftOut = config.leftOut.filter(({ code }) => !NO_PROBLEM.includes(code));
  const told: ReadonlySet<Code> = new Set([
    ...NO_PROBLEM,
    ...LINTED,
    ...leftOut.map(({ code }) => code),
  ]);
  return errorsFirst([
    ...config.unfetched,
    ...sent,
    ...leftOut.map(leftOutProblem),
    ...config.warnings.filter(({ code }) => !told.has(code)).map(noticeProblem),
  ]);
}

function noticesOf(config: LoadedConfig, sent: readonly Problem[]): Notice[] {
  const said = new Map<string, Problem[]>();
  for (const one of sent) {
    if (one.severity === "error" || LINTED.includes(one.code)) continue;
    said.set(one.code, [...(said.get(one.code) ?? []), one]);
  }
  return [...config.warnings, ...[...said.values()].flatMap(oneNotice)];
}

/**
 * Why credentials can't be pushed: the first error's code, or PC672 for a warning where `strict`.
 *
 * @param strict - take no warnings either
 */
export function refusalOf(
  problems: readonly Problem[],
  strict: boolean,
): PullcastError | undefined {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first !== undefined) {
    const { title } = describeCode(first.code);
    const words = first.message.startsWith(`${title}: `)
      ? first.message.slice(title.length + 2)
      : first.message;
    const detail = `${words}${errors.length > 1 ? `, and ${errors.length - 1} more errors` : ""}`;
    return new PullcastError(first.code, { detail, fix: first.fix });
  }
  if (!strict || problems.length === 0) return undefined;
  const shown = problems.slice(0, MAX_TOLD).map(({ code, message }) => `${code} ${message}`);
  const more = problems.length > MAX_TOLD ? ` and ${problems.length - MAX_TOLD} more` : "";
  return new PullcastError("PC672", { detail: `${shown.join("; ")}${more}` });
}

function sentProblems({ bytes, credentials }: LoadedConfig, now: Date): Problem[] {
  return [
    ...lintFile(bytes.reveal(), { repositoryOf: parseRepository }),
    ...credentials.flatMap((one) => endProblems(one, now)),
  ];
}

function endProblems({ key, expiresAt }: Credential, now: Date): Problem[] {
  const leftMs = Date.parse(expiresAt) - now.getTime();
  // `never` and `unknown` are no times.
  if (Number.isNaN(leftMs) || leftMs >= SOON_MS) return [];
  const code = leftMs <= 0 ? "PC670" : "PC671";
  const detail = `${key} ${leftMs <= 0 ? "ended" : "ends"} at ${expiresAt}`;
  const fix = leftMs <= 0 ? `docker login ${key}, or leave it out: --except ${key}` : undefined;
  return [
    problem(code, leftMs <= 0 ? "error" : "warning", {
      key,
      detail,
      ...(fix === undefined ? {} : { fix }),
    }),
  ];
}

/** What is left out for what it holds, as a problem. */
export function leftOutProblem({ key, code, why }: LeftOut): Problem {
  const { fix } = describeCode(code);
  return { code, severity: "warning", key, message: `left out ${key}: ${why}`, fix };
}

/** Problems of one code: each as it is while they are few, else the code's title and the keys. */
function oneNotice(problems: readonly Problem[]): Notice[] {
  const [first] = problems;
  if (first === undefined) return [];
  if (problems.length <= 3) return problems.map(({ code, message }) => ({ code, message }));
  const keys = nameList(problems.map(({ key }) => key ?? "the file"));
  return [{ code: first.code, message: `${describeCode(first.code).title}: ${keys}` }];
}
