import type { Problem } from "../model.ts";
import { problem } from "../problem.ts";
import { Secret } from "../secret.ts";
import { withoutLogin } from "../util/without-login.ts";
import { isField } from "./decode-entry.ts";
import type { EntryReading } from "./model.ts";

const NOTHING = new Secret("");
const TOKENS = ["identitytoken", "registrytoken"] as const;
/** The user of a helper's answer whose password is a token (docker-credential-helpers). */
const TOKEN_USER = "<token>";

/** What a kubelet makes of an entry's login, whatever its key. */
export function lintLogin(entry: EntryReading): Problem[] {
  const key = withoutLogin(entry.key);
  if (!entry.readable) {
    const detail = `${entry.why}${entry.replaced ? ", and it counts although a later one replaces it" : ""}`;
    return [problem("PC650", "error", { key, detail })];
  }
  if (entry.replaced) return [problem("PC667", "warning", { key, detail: key })];
  const hasToken = entry.others.some((name) => TOKENS.some((token) => isField(name, token)));
  const lacking = lacks(entry);
  if (entry.username === TOKEN_USER || (hasToken && lacking !== undefined)) {
    return [problem("PC652", "error", { key, detail: key })];
  }
  if (lacking !== undefined) {
    return [problem("PC651", "error", { key, detail: lacking, fix: loginFix(key) })];
  }
  return [
    ...(hasToken ? [problem("PC653", "warning", { key, detail: key })] : []),
    ...doubts(entry).map((detail) => problem("PC613", "warning", { key, detail })),
    ...(entry.username.includes(":") ? [problem("PC668", "error", { key, detail: key })] : []),
  ];
}

type Readable = Extract<EntryReading, { readable: true }>;

function lacks({ username, password }: Readable): string | undefined {
  const hasPassword = !password.equals(NOTHING);
  if (username === "") return hasPassword ? "the user name is empty" : "it has neither";
  return hasPassword ? undefined : "the password is empty";
}

function doubts({ auth }: Readable): string[] {
  const login = Buffer.from(auth.reveal(), "base64");
  return [
    ...((login.at(-1) ?? 0) < 0x20 ? ["the password ends in a line break or NUL"] : []),
    // The bytes of U+FFFD itself: some program has already read the login as a text that it was not.
    ...(login.includes("\ufffd") ? ["it holds U+FFFD, which stands for a lost character"] : []),
  ];
}

function loginFix(key: string): string {
  return `docker login ${key}, or remove the entry`;
}
