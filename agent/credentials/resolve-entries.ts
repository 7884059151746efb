import pLimit from "p-limit";
import { PullcastError } from "../errors.ts";
import { shellWord } from "../util/shell-word.ts";
import { askHelper, listHelper } from "./ask-helper.ts";
import { makeLogin } from "./judge-entry.ts";
import { keyFault, registryOf, shownKey } from "./keys.ts";
import type {
  CredentialDocument,
  CredentialSource,
  EntryContent,
  LeftOut,
  LoadContext,
  Login,
  SourceEntry,
} from "./model.ts";
import { tokenAdvice } from "./token-advice.ts";

/** Helpers may be heavy programs, and some ask for a passphrase one after another. */
const AT_ONCE = 8;

/** An entry with what a kubelet can send for it, or why there is nothing. */
export type ResolvedEntry =
  | { readonly key: string; readonly source: string; readonly login: Login }
  | { readonly leftOut: LeftOut };

/** What resolving needs. */
export type ResolveContext = LoadContext & Pick<CredentialSource, "env">;

/**
 * Adds to a document all that its `credsStore` lists and that doesn't stand in it.
 *
 * @throws {PullcastError} PC620 to PC624
 */
export async function withStoreList(
  document: CredentialDocument,
  context: ResolveContext,
): Promise<CredentialDocument> {
  const { store, source, entries } = document;
  if (store === undefined) return document;
  const standing = new Set(entries.map(({ key }) => key));
  const keys = (await listHelper(store, context)).filter((key) => !standing.has(key));
  const listed = keys.map(
    (key): SourceEntry => ({ key: shownKey(key), source, content: storeEntry(key, store) }),
  );
  return { ...document, entries: [...entries, ...listed] };
}

/** Docker Desktop keeps tokens of its own beside the login at Docker Hub. */
const DESKTOP_TOKEN = /^https:\/\/index\.docker\.io\/v1\/(?:access|refresh)-token/;

function storeEntry(key: string, name: string): EntryContent {
  const fault =
    keyFault(key) ?? (DESKTOP_TOKEN.test(key) ? "it is Docker Desktop's own" : undefined);
  if (fault !== undefined) return { type: "unusable", reason: fault };
  return { type: "helper", name, setting: "credsStore" };
}

/** An entry that should have been a login and could not be fetched: PC620 to PC624, PC627, PC628, PC640 to PC642. */
export interface UnfetchedEntry {
  readonly key: string;
  readonly error: PullcastError;
}

/**
 * Makes logins of entries: asks their helpers and clouds, exchanges identity tokens. What can't be a login is left out.
 *
 * @returns both in the order of `entries`
 * @throws the signal's reason after an abort
 */
export async function resolveEntries(
  entries: readonly SourceEntry[],
  context: ResolveContext,
): Promise<{
  readonly resolved: readonly ResolvedEntry[];
  readonly unfetched: readonly UnfetchedEntry[];
}> {
  const limit = pLimit(AT_ONCE);
  const settled = await Promise.allSettled(
    entries.map((entry) => limit(() => resolveEntry(entry, context))),
  );
  const unfetched = settled.flatMap((one, index): UnfetchedEntry[] => {
    if (one.status === "fulfilled") return [];
    context.signal.throwIfAborted();
    const error: unknown = one.reason;
    if (!(error instanceof PullcastError)) throw error;
    return [{ key: shownKey(entries[index]?.key ?? ""), error }];
  });
  return {
    resolved: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])),
    unfetched,
  };
}

/** The first failure, with the keys of all that failed and how to do without them. */
export function unfetchedError(
  unfetched: readonly [UnfetchedEntry, ...UnfetchedEntry[]],
): PullcastError {
  const { code, detail, fix, cause } = unfetched[0].error;
  const keys = unfetched.map(({ key }) => key);
  const more = keys.length > 1 ? `; ${keys.length} entries could not be fetched` : "";
  const skips = keys.slice(0, 3).map((key) => `--except ${shellWord(key)}`);
  return new PullcastError(code, {
    detail: `for ${keys[0]}: ${detail}${more}`,
    fix: `${fix}; or push without: ${skips.join(" ")}${keys.length > 3 ? " …" : ""}`,
    cause,
  });
}

async function resolveEntry(entry: SourceEntry, context: ResolveContext): Promise<ResolvedEntry> {
  const { content } = entry;
  if (content.type !== "helper") return await resolveContent(entry, content, context);
  const source = `${content.setting} ${content.name} (${entry.source})`;
  const answer = await askHelper(content.name, entry.key, context);
  if (answer !== undefined) return await resolveContent({ ...entry, source }, answer, context);
  return leaveOut(
    { ...entry, source },
    "PC625",
    `docker-credential-${content.name} has none for it`,
  );
}

async function resolveContent(
  entry: Pick<SourceEntry, "key" | "source">,
  content: Exclude<EntryContent, { type: "helper" }>,
  context: ResolveContext,
): Promise<ResolvedEntry> {
  const { key, source } = entry;
  switch (content.type) {
    case "login":
      return { key, source, login: content };
    case "unusable":
      return leaveOut(entry, "PC610", content.reason);
    case "identity-token":
      return await exchange(entry, content, context);
    case "cloud":
      return await fromCloud(entry, context);
  }
}

async function exchange(
  entry: Pick<SourceEntry, "key" | "source">,
  { token }: Extract<EntryContent, { type: "identity-token" }>,
  { exchangeToken }: ResolveContext,
): Promise<ResolvedEntry> {
  const { key, source } = entry;
  const answer = await exchangeToken(registryOf(key), token);
  switch (answer.type) {
    case "login": {
      const login = makeLogin(answer.username, answer.password.reveal());
      if (login.type === "login") return { key, source, login };
      return leaveOut(entry, "PC626", login.reason);
    }
    case "unsupported": {
      const why = `it has only an identity token, which kubelets ignore; instead: ${tokenAdvice(key)}`;
      return leaveOut(entry, "PC626", why);
    }
    case "refused":
      throw new PullcastError("PC627", { detail: answer.words, fix: tokenAdvice(key) });
    case "unreachable":
      throw new PullcastError("PC628", { detail: answer.words });
  }
}

const CLOUD_CODES = { "no-identity": "PC640", refused: "PC641", unreachable: "PC642" } as const;

async function fromCloud(
  { key, source }: Pick<SourceEntry, "key" | "source">,
  { cloudLogin }: ResolveContext,
): Promise<ResolvedEntry> {
  const answer = await cloudLogin(key);
  if (answer.type !== "login") {
    throw new PullcastError(CLOUD_CODES[answer.type], { detail: answer.words });
  }
  const { username, password, expiresAt } = answer;
  const login = makeLogin(username, password.reveal());
  if (login.type !== "login") throw new PullcastError("PC642", { detail: login.reason });
  return { key, source, login: { ...login, ...(expiresAt === undefined ? {} : { expiresAt }) } };
}

function leaveOut(
  { key, source }: Pick<SourceEntry, "key" | "source">,
  code: LeftOut["code"],
  why: string,
): ResolvedEntry {
  return { leftOut: { key: shownKey(key), source, code, why } };
}
