import type { Code } from "../errors.ts";
import type { ExecOutcome } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { isPasswordRefused, questions, type RootAccess } from "./become.ts";

/** Why a program never began, and what mends it where the table's fix can be made exact. */
export interface Refusal {
  readonly code: Code;
  readonly detail: string;
  readonly fix?: string;
}

/** Shells and env, of coreutils and busybox, where there is no such program. */
const MISSING = /(?:No such file or directory|not found|Unknown command)/i;

/** What sudo (1.8 to 1.9) says to those who may not do what we ask, in the locale C. */
const NOT_ALLOWED = /not in the sudoers file|is not allowed to (?:execute|run)|may not run sudo/;

/**
 * Reads what sudo or doas said in place of our program's first line; `undefined` where neither said a word.
 * Their texts are English, as our command line asks for.
 */
export function readRefusal(outcome: ExecOutcome, access: RootAccess): Refusal | undefined {
  const { method } = access;
  if (method === "none") return undefined;
  const password = access.password?.reveal();
  const lines = wordsOf(outcome.stderr).filter((line) => !password || !line.includes(password));
  const said = lines.filter((line) => line.includes(method));
  // The last one tells most: a lecture and what PAM says come first.
  const detail = cleanText(said.at(-1) ?? lines.at(-1) ?? "", 200);
  const { end } = outcome;
  if (end.type === "exit" && end.code === 127 && said.some((line) => MISSING.test(line))) {
    return { code: "PC237", detail };
  }
  if (method === "doas") {
    if (said.length === 0) return undefined;
    return { code: "PC239", detail, fix: doasFix(access) };
  }
  return sudoRefusal(access, { stderr: outcome.stderr, lines, detail });
}

interface SudoWords {
  readonly stderr: string;
  readonly lines: readonly string[];
  readonly detail: string;
}

function sudoRefusal(
  { user, password }: RootAccess,
  { stderr, lines, detail }: SudoWords,
): Refusal | undefined {
  const name = accountName(user);
  const notAllowed = lines.find((line) => NOT_ALLOWED.test(line));
  if (notAllowed !== undefined) {
    const rule = `${name} ALL=(root) ${password === undefined ? "NOPASSWD: " : ""}/bin/sh`;
    return { code: "PC238", detail: cleanText(notAllowed, 200), fix: sudoersFix(rule) };
  }
  if (stderr.includes("must have a tty")) {
    return { code: "PC238", detail, fix: sudoersFix(`Defaults:${name} !requiretty`) };
  }
  if (isPasswordRefused(stderr)) {
    return { code: "PC236", detail: `it asked for the one of ${questions(stderr)[0]}` };
  }
  if (password === undefined && stderr.includes("password is required")) {
    const rule = sudoersFix(`${name} ALL=(root) NOPASSWD: /bin/sh`);
    return { code: "PC224", detail, fix: `--ask-become-pass, or allow it without one: ${rule}` };
  }
  return /\bsudo\b/.test(stderr) ? { code: "PC238", detail } : undefined;
}

/** What was said, without our own question and empty lines. */
function wordsOf(stderr: string): readonly string[] {
  return stderr
    .split("\n")
    .map((line) => line.replaceAll(/PULLCAST1-asks-[^:\s]*:/g, "").trim())
    .filter((line) => line !== "");
}

function sudoersFix(rule: string): string {
  return `as root on the node, echo '${rule}' >>/etc/sudoers.d/pullcast`;
}

function doasFix({ user }: RootAccess): string {
  return `as root on the node, echo 'permit nopass ${accountName(user)} as root cmd /bin/sh' >>/etc/doas.conf`;
}

/** Names that need quoting in those files are left to the reader. */
function accountName(user: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(user) ? user : "USER";
}
