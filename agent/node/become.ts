import { PullcastError } from "../errors.ts";
import type { Admission } from "../model.ts";
import type { Secret } from "../secret.ts";

/** How the program on a node gets to be root's. */
export type BecomeMethod = "none" | "sudo" | "doas";

/** What the user says of it. */
export interface Become {
  /** Absent: `none` for logins as root, `sudo` for all others. */
  readonly method?: BecomeMethod;
  /** What sudo asks for; absent: sudo must ask for nothing. */
  readonly password?: Secret;
}

/** A login and its way to root. */
export interface RootAccess {
  /** Login name. */
  readonly user: string;
  readonly method: BecomeMethod;
  /** For sudo alone. */
  readonly password?: Secret;
}

export function rootAccess(user: string, { method, password }: Become = {}): RootAccess {
  const used = method ?? (user === "root" ? "none" : "sudo");
  return { user, method: used, ...(used === "sudo" && password !== undefined && { password }) };
}

/** Begins sudo's question: `PULLCAST1-asks-USER:`, the user whose password it wants. */
const QUESTION = "PULLCAST1-asks-";

const READY = "PULLCAST1 ready";

/**
 * What runs on a node, the same for every node and run: it passes over lines until ours with a length, then reads
 * a program of that many bytes, and runs it. Lines before ours are what start-up files and sudo left unread.
 * A dd without `iflag=fullblock` (busybox before 1.27) fails before it reads; then bytes come one by one.
 * Quoted so that sh, csh, fish and a sudoers line take it: no newline, no `!`.
 */
export const NODE_COMMAND: string = stub("");

function stub(first: string): string {
  return (
    `/bin/sh -c '${first}umask 077;LC_ALL=C;export LC_ALL;` +
    'while read -r m n;do [ "$m" = PULLCAST1 ]&&break;done;' +
    "o=iflag=fullblock;p=$(dd bs=$n count=1 $o 2>/dev/null)||{ o=;p=$(dd bs=1 count=$n 2>/dev/null);};" +
    '[ ${#p} -eq $n ]&&eval "$p"\''
  );
}

/**
 * The command line of every program: the constant stub, behind what makes its user root. Their words are to be
 * in English whatever the login's language. `-k`: a password that was right once opens nothing for later logins.
 */
export function nodeCommand({ method, password }: RootAccess): string {
  switch (method) {
    case "none":
      return NODE_COMMAND;
    case "doas":
      return `env LC_ALL=C doas -n ${NODE_COMMAND}`;
    case "sudo":
      if (password === undefined) return `env LC_ALL=C sudo -n ${NODE_COMMAND}`;
      return `env LC_ALL=C sudo -S -k -p ${QUESTION}%p: ${stub(`echo;echo ${READY};`)}`;
  }
}

/**
 * How sudo gets its password: one line, once. After a wrong one it would take the lines that follow for two more
 * tries, and accounts are locked for that; so nothing follows until the stub itself answers. Where sudo asked for
 * nothing the stub passes over the line.
 *
 * @throws {PullcastError} PC236 where the password can't be told from what begins our input, or is not one line
 */
export function admissionOf({ password }: RootAccess): Admission | undefined {
  if (password === undefined) return undefined;
  const line = password.reveal();
  if (!/^[^\0\r\n]+$/.test(line) || /^[ \t]*PULLCAST1[ \t]/.test(line)) {
    throw new PullcastError("PC236", { detail: "it is not one line, or begins with PULLCAST1" });
  }
  return { answer: password, judge };
}

function judge({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) {
  const asked = questions(stderr).length;
  if (`\n${stdout}`.includes(`\n${READY}\n`)) return asked > 0 ? "accepted" : "not-asked";
  return asked > 1 ? "refused" : undefined;
}

/** Whose password sudo asked for, each time it did. */
export function questions(stderr: string): readonly string[] {
  return Array.from(stderr.matchAll(/PULLCAST1-asks-([^:\s]*):/g), ([, user = ""]) => user);
}

/** Whether sudo, which asked, was given a wrong password or none. Its words are those of 1.8 to 1.9 in the locale C. */
export function isPasswordRefused(stderr: string): boolean {
  return (
    questions(stderr).length > 0 &&
    /\d incorrect password attempt|no password was provided/.test(stderr)
  );
}
