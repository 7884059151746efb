import type { Code, PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import type { LoginRequest } from "./auth.ts";
import { sshError } from "./ssh-error.ts";

/** What a login tried, and what the host said to it. */
export interface LoginTrail {
  /** Labels of the keys offered, and `PASSWORD` once that was sent. */
  readonly offered: string[];
  /** Of these, what the host took before it wanted more. */
  readonly taken: string[];
  /** The methods that the host accepts, as it said last. */
  accepts: readonly string[] | undefined;

  /** The first key that could not be used, and its label where the host would have taken it. */
  trouble?: { readonly error: PullcastError; readonly wanted?: string };
}

type Failed = Pick<LoginRequest, "at" | "user" | "keys" | "password"> & {
  readonly trail: LoginTrail;
  readonly cause: unknown;
};

/** OpenSSH's words; a server's own are of no use for a choice. */
const TOO_MANY = /too many authentication failures/i;

/** What stands for the password among the labels of keys. */
export const PASSWORD = "a password";

/** Methods that a password serves. */
const BY_PASSWORD = ["password", "keyboard-interactive"];

/** Why a login failed: PC221, PC223 or PC260 to PC262, with what was offered, what was not and why, and what the host takes. */
export function loginFailure(failed: Failed): PullcastError {
  const { at, user, keys, trail, cause } = failed;
  const { trouble } = trail;
  const { code, fix } = verdict(failed);
  const said = wordsOf(cause);
  const detail = [
    `user ${user}${tried(trail)}`,
    ...(trouble === undefined ? [] : [troubleOf(trouble)]),
    ...(trail.accepts?.length ? [`it accepts ${trail.accepts.join(", ")}`] : []),
    ...(said === "" ? [] : [`it said "${said}"`]),
    ...keys.notes,
    ...(keys.surplus === undefined ? [] : [keys.surplus]),
  ].join("; ");
  return sshError(code, {
    at,
    phase: "auth",
    detail,
    cause,
    ...(fix === undefined ? {} : { fix }),
  });
}

interface Verdict {
  readonly code: Code;
  readonly fix?: string;
}

function verdict(failed: Failed): Verdict {
  const { keys, trail, cause } = failed;
  const { trouble } = trail;
  if (trouble?.wanted !== undefined) return trouble.error;
  const isCut = TOO_MANY.test(wordsOf(cause)) && trail.offered.length < keys.keys.length;
  if (isCut || keys.surplus !== undefined) return { code: "PC260" };
  if (trail.offered.length === 0 && trouble !== undefined) return trouble.error;
  return { code: trail.offered.length > 0 ? "PC221" : "PC223", ...fixOf(failed) };
}

function fixOf({ trail, password }: Failed): { fix?: string } {
  if (trail.offered.includes(PASSWORD)) return { fix: "check the password and --ssh-user" };
  const wantsPassword = trail.accepts?.some((method) => BY_PASSWORD.includes(method));
  if (password !== undefined || !wantsPassword) return {};
  return { fix: "check --ssh-user and -i, or give --ask-pass if this user has a password there" };
}

function tried({ offered, taken }: LoginTrail): string {
  const refused = offered.filter((label) => !taken.includes(label));
  const parts = [
    ...(refused.length > 0 ? [`offered ${refused.join(", ")}`] : []),
    ...(taken.length > 0 ? [`${taken.join(", ")} was accepted, but the node wants more`] : []),
  ];
  return parts.map((part) => `, ${part}`).join("");
}

function troubleOf({ error: { detail }, wanted }: NonNullable<LoginTrail["trouble"]>): string {
  return wanted === undefined ? detail : `${wanted} would be accepted, but: ${detail}`;
}

/** A number is a DISCONNECT's: its text is the host's. */
function wordsOf(cause: unknown): string {
  const isSaid = cause instanceof Error && "code" in cause && typeof cause.code === "number";
  return isSaid ? cleanText(cause.message, 120) : "";
}
