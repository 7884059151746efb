import { PullcastError } from "../errors.ts";
import type { Notice } from "../model.ts";
import { errorProblem } from "../problem.ts";
import { composeFile } from "./compose-file.ts";
import { lifespanOf } from "./expiry.ts";
import { filterEntries } from "./filter.ts";
import { mergeDocuments } from "./merge.ts";
import type {
  Credential,
  CredentialDocument,
  CredentialSource,
  LeftOut,
  LoadContext,
  LoadedConfig,
} from "./model.ts";
import { groupNames, nameList } from "./name-list.ts";
import { readDocuments } from "./read-input.ts";
import {
  type ResolveContext,
  type ResolvedEntry,
  resolveEntries,
  unfetchedError,
  withStoreList,
} from "./resolve-entries.ts";

/**
 * From sources to the file for the nodes: read, merge, filter, resolve (helpers, identity tokens, clouds), compose.
 * The file holds only what a kubelet can use; the sources are never changed.
 *
 * @throws {PullcastError} PC601 to PC608, PC620 to PC632, PC640 to PC642: nothing is sent; texts never hold the content
 */
export async function loadNodeConfig(
  source: CredentialSource,
  context: LoadContext,
): Promise<LoadedConfig> {
  const resolving = { ...context, env: source.env };
  const documents = await readAll(source, resolving);
  const merged = mergeDocuments(documents);
  const filtered = filterEntries(merged.entries, source);
  const { resolved, unfetched } = await resolveEntries(filtered.entries, resolving);
  const credentials = credentialsOf(resolved);
  const [first, ...others] = unfetched;
  // A push without them would take them away from nodes that have them.
  if (first !== undefined && (context.tellUnfetched !== true || credentials.length === 0)) {
    throw unfetchedError([first, ...others]);
  }
  const unresolved = resolved.flatMap((one) => ("leftOut" in one ? [one.leftOut] : []));
  const name = documents.map((document) => document.source).join(" and ");
  if (credentials.length === 0) throw nothingUsable(name, unresolved);
  return {
    ...composeFile(credentials),
    source: name,
    leftOut: [...filtered.leftOut, ...unresolved],
    unfetched: unfetched.map((one) => errorProblem(one.key, unfetchedError([one]))),
    sourceEntries: merged.entries,
    ambient: (source.inputs ?? []).length === 0,
    warnings: [
      ...documents.flatMap(({ warnings }) => warnings),
      ...merged.warnings,
      ...filtered.warnings,
      ...leftOutNotices(unresolved),
      ...doubtNotices(resolved),
      ...tokenNotices(resolved),
      {
        code: "PC611",
        message:
          "every pod on a node may use these credentials: prefer robot accounts that may only pull",
      },
    ],
  };
}

async function readAll(
  source: CredentialSource,
  context: ResolveContext,
): Promise<CredentialDocument[]> {
  const read = await readDocuments(source, context);
  const whole =
    source.allFromStore === true
      ? await Promise.all(read.map((document) => withStoreList(document, context)))
      : read;
  for (const { entries, source: name, store } of whole) {
    if (entries.length > 0) continue;
    const detail = `${name}: the credentials are in the helper credsStore ${store}`;
    const fix = "give --all-from-store, which sends all that the helper holds";
    throw new PullcastError("PC604", source.allFromStore === true ? { detail } : { detail, fix });
  }
  return whole;
}

function credentialsOf(resolved: readonly ResolvedEntry[]): Credential[] {
  return resolved.flatMap((one): Credential[] => {
    if ("leftOut" in one) return [];
    const { key, source, login } = one;
    const { username, auth, expiresAt } = login;
    const lifespan = lifespanOf({ key, username, auth });
    // Who gave it knows its end better than its form tells.
    const known = expiresAt === undefined ? lifespan : { kind: lifespan.kind, expiresAt };
    return [{ key, username, auth, source, ...known }];
  });
}

function leftOutNotices(leftOut: readonly LeftOut[]): Notice[] {
  const codes = [...new Set(leftOut.map(({ code }) => code))];
  return codes.flatMap((code) => {
    const said = leftOut.filter((one) => one.code === code);
    return groupNames(said.map(({ key, why }) => ({ name: key, what: why }))).map(
      ([why, names]): Notice => ({ code, message: `left out ${nameList(names.sort())}: ${why}` }),
    );
  });
}

function doubtNotices(resolved: readonly ResolvedEntry[]): Notice[] {
  const doubts = resolved.flatMap((one) =>
    "login" in one && one.login.doubt !== undefined
      ? [{ name: one.key, what: one.login.doubt }]
      : [],
  );
  return groupNames(doubts).map(([doubt, keys]) => ({
    code: "PC613",
    message: `${nameList(keys.sort())}: ${doubt}`,
  }));
}

function tokenNotices(resolved: readonly ResolvedEntry[]): Notice[] {
  const keys = resolved.flatMap((one) => ("login" in one && one.login.hasToken ? [one.key] : []));
  if (keys.length === 0) return [];
  const message = `docker uses the token of ${nameList(keys.sort())}, kubelets the password beside it`;
  return [{ code: "PC653", message }];
}

function nothingUsable(name: string, leftOut: readonly LeftOut[]): PullcastError {
  const reasons = leftOutNotices(leftOut).map(({ message }) => message);
  return new PullcastError("PC608", { detail: `${name}: ${reasons.join("; ")}` });
}
