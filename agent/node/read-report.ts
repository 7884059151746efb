import { type Code, describeCode, parseCode } from "../errors.ts";
import type { ExecEnd, ExecOutcome, NodeReport, Notice } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import type { RootAccess } from "./become.ts";
import { readRefusal } from "./read-refusal.ts";

type PathProof = NonNullable<NodeReport["pathProof"]>;

/** What a program did, by its own last line. */
export type NodeProgramDone =
  | "updated"
  | "unchanged"
  | "restored"
  | "removed"
  | "restarted"
  | "surveyed"
  | "looked"
  | "probed"
  | "staged"
  | "switched"
  | "confirmed"
  | "undone";

/** What a probe tells of a machine. */
export interface ProbedMachine {
  /** What /bin/sh is there: the path of its program. */
  readonly shell?: string;
  /** What its clock said, seconds since 1970. */
  readonly clockSeconds?: number;
  /** Free bytes for root in the directory of config.json. */
  readonly freeBytes?: number;
}

/** A program's answer, cleaned: it can be shown. */
export type NodeProgramReport =
  | {
      readonly status: "done";
      readonly what: NodeProgramDone;
      /** Absolute path of config.json on the node. */
      readonly path: string;
      readonly pathProof: PathProof;
      /** Where the file that stood there before was kept. */
      readonly kept?: string;
      /** Since the file was written, by the node's clock; for `unchanged`. */
      readonly ageSeconds?: number;
      readonly machine?: ProbedMachine;
      readonly warnings: readonly Notice[];
    }
  | {
      readonly status: "failed";
      readonly code: Code;
      readonly detail: string;
      /** In place of the table's. */
      readonly fix?: string;
      /** Whether our program ran at all. */
      readonly began: boolean;
      readonly path?: string;
      readonly pathProof?: PathProof;
      readonly machine?: ProbedMachine;
      readonly warnings: readonly Notice[];
    }
  /** No verdict came. If the program began, the node's state is unknown. */
  | { readonly status: "lost"; readonly began: boolean; readonly detail: string };

/**
 * Reads what a program on a node answered. Success is exit code 0 and the program's own last line with our
 * nonce and digest, nothing less: a cut link, a signal or an unknown ending is never one.
 */
export function readReport(
  outcome: ExecOutcome,
  expect: { readonly nonce: string; readonly digest?: string; readonly access?: RootAccess },
): NodeProgramReport {
  const answer = readAnswer(outcome.stdout, expect.nonce);
  if (answer.lines[0] !== "begin") return neverBegan(outcome, expect.access);
  const verdict = answer.lines.at(-1)?.split(" ") ?? [];
  if (verdict[0] === "fail") {
    const code = NODE_CODES.test(verdict[1] ?? "") ? parseCode(verdict[1] ?? "") : undefined;
    if (code !== undefined) return failed(code, verdict.slice(2).join(" "), answer);
  }
  if (verdict[0] === "OK" && outcome.end.type === "exit" && outcome.end.code === 0) {
    const done = readDone(verdict, answer, expect.digest);
    if (done !== undefined) return done;
  }
  return {
    status: "lost",
    began: true,
    detail: `no verdict from the node: ${describeEnd(outcome.end)}`,
  };
}

/** Whether the program's last word is there: nothing that counts comes after it. */
export function hasVerdict(stdout: string, nonce: string): boolean {
  return /^(?:OK|fail) /.test(lastLine(stdout, markOf(nonce)) ?? "");
}

/** What each of a program's lines begins with. */
function markOf(nonce: string): string {
  return `PULLCAST1 ${nonce} `;
}

/** The program's last whole line, without its mark. */
function lastLine(stdout: string, mark: string): string | undefined {
  const end = stdout.lastIndexOf("\n");
  let at = end < 0 ? -1 : stdout.lastIndexOf(mark, end);
  while (at > 0 && stdout[at - 1] !== "\n") at = stdout.lastIndexOf(mark, at - 1);
  return at < 0 ? undefined : stdout.slice(at + mark.length, stdout.indexOf("\n", at));
}

/** What our programs may report: a hostile node must not choose which advice the user gets. */
const NODE_CODES = /^PC(?:231|3\d\d|50[24]|541|55\d|74[1-6])$/;

interface Answer {
  /** The program's lines without their mark, in order. */
  readonly lines: readonly string[];
  readonly path: string | undefined;
  readonly pathProof: PathProof;
  readonly kept: string | undefined;
  readonly ageSeconds: number | undefined;
  readonly machine: ProbedMachine | undefined;
  readonly warnings: readonly Notice[];
}

/** All but our own lines is noise: greetings, start-up files. */
function readAnswer(stdout: string, nonce: string): Answer {
  const mark = markOf(nonce);
  const lines: string[] = [];
  const warnings: Notice[] = [];
  const lastByKey = new Map<string, string>();
  // A line without its end may be half a line.
  for (const line of stdout.slice(0, stdout.lastIndexOf("\n") + 1).split("\n")) {
    if (!line.startsWith(mark)) continue;
    const own = line.slice(mark.length);
    lines.push(own);
    const space = own.indexOf(" ");
    if (space < 0) continue;
    const key = own.slice(0, space);
    lastByKey.set(key, own);
    if (key === "warn") warnings.push(...readWarning(own));
  }
  const last = (key: string) => lastByKey.get(key)?.split(" ").slice(1) ?? [];
  const [path, proof] = last("root");
  const [mtime, , now] = last("mtime");
  const [kept] = last("kept");
  return {
    lines,
    path: path === undefined ? undefined : cleanText(path, 4096),
    pathProof: proof === "proven" || proof === "given" ? proof : "assumed",
    kept: kept === undefined ? undefined : cleanText(kept, 4096),
    ageSeconds: ageSeconds(mtime, now),
    machine: probedMachine(last("shell"), last("clock"), last("room").join(" ")),
    warnings,
  };
}

/** @param room - a line of `df -Pk` (POSIX): blocks, used and available ones, of 1024 bytes */
function probedMachine(
  [shell]: readonly string[],
  [clock = ""]: readonly string[],
  room: string,
): ProbedMachine | undefined {
  if (shell === undefined) return undefined;
  const [, free] = /\s\d+\s+-?\d+\s+(-?\d+)\s+\d+%\s/.exec(room) ?? [];
  return {
    ...(shell === "" ? {} : { shell: cleanText(shell, 200) }),
    ...(/^\d{1,12}$/.test(clock) ? { clockSeconds: Number(clock) } : {}),
    ...(free === undefined ? {} : { freeBytes: Number(free) * 1024 }),
  };
}

function ageSeconds(mtime: string | undefined, now: string | undefined): number | undefined {
  const age = Number(now) - Number(mtime);
  return mtime !== undefined && Number.isSafeInteger(age) ? age : undefined;
}

function readWarning(line: string): readonly Notice[] {
  const [, name = "", ...words] = line.split(" ");
  const code = parseCode(name);
  if (code === undefined) return [];
  return [{ code, message: `${describeCode(code).title}: ${cleanText(words.join(" "), 300)}` }];
}

const DONE: ReadonlySet<string> = new Set<NodeProgramDone>([
  "updated",
  "unchanged",
  "restored",
  "removed",
  "restarted",
  "probed",
  "surveyed",
  "looked",
  "staged",
  "switched",
  "confirmed",
  "undone",
]);

function isDone(what: string | undefined): what is NodeProgramDone {
  return what !== undefined && DONE.has(what);
}

function readDone(
  [, what, digest, path, ...rest]: readonly string[],
  answer: Answer,
  expected: string | undefined,
): NodeProgramReport | undefined {
  if (!isDone(what) || digest === undefined || path === undefined || rest.length > 0) return;
  const isInstall = what === "updated" || what === "unchanged";
  if (isInstall && (expected === undefined || digest !== expected)) return;
  return {
    status: "done",
    what,
    path: cleanText(path, 4096),
    pathProof: answer.pathProof,
    ...(answer.kept === undefined ? {} : { kept: answer.kept }),
    ...(answer.ageSeconds === undefined ? {} : { ageSeconds: answer.ageSeconds }),
    ...(answer.machine === undefined ? {} : { machine: answer.machine }),
    warnings: answer.warnings,
  };
}

function failed(code: Code, detail: string, answer: Answer): NodeProgramReport {
  return {
    status: "failed",
    code,
    detail: cleanText(detail, 300),
    began: true,
    ...(answer.path === undefined ? {} : { path: answer.path, pathProof: answer.pathProof }),
    ...(answer.machine === undefined ? {} : { machine: answer.machine }),
    warnings: answer.warnings,
  };
}

/** What login shells say that take no command, or not ours. */
const OTHER_SHELL: readonly (readonly [RegExp, string])[] = [
  [/account is currently not available/, "--ssh-user with an account that has a shell"],
  [/\brestricted\b/, "--ssh-user with an account whose shell is not a restricted one"],
];

/** No line of ours: sudo refused, a forced command, nologin, or the link went first. */
function neverBegan(outcome: ExecOutcome, access: RootAccess | undefined): NodeProgramReport {
  const { end, stdout, stderr } = outcome;
  const refusal = access && readRefusal(outcome, access);
  if (refusal !== undefined) return { status: "failed", ...refusal, began: false, warnings: [] };
  if (end.type !== "exit") return { status: "lost", began: false, detail: describeEnd(end) };
  // What runs in our program's place may say again the password that it was sent.
  const isTold = access?.password === undefined;
  const words = isTold ? cleanText(stderr.trim() === "" ? stdout : stderr, 200) : "";
  const detail = words === "" ? describeEnd(end) : `${describeEnd(end)}: ${words}`;
  const fix = OTHER_SHELL.find(([said]) => said.test(words))?.[1];
  return {
    status: "failed",
    code: "PC225",
    detail,
    ...(fix === undefined ? {} : { fix }),
    began: false,
    warnings: [],
  };
}

function describeEnd(end: ExecEnd): string {
  switch (end.type) {
    case "exit":
      return `it ended with exit code ${end.code}`;
    case "signal":
      return `it was killed by ${cleanText(end.name, 20)}`;
    case "lost":
      return "the connection closed without an exit code";
  }
}
