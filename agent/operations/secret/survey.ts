import pLimit from "p-limit";
import { chooseNames } from "../../cluster/choose-nodes.ts";
import type { Gateway } from "../../cluster/gateway.ts";
import {
  type FoundSecret,
  listSecretsNamed,
  readNamespaceSecret,
} from "../../cluster/namespace-secrets.ts";
import { listNamespaces, type Namespace } from "../../cluster/namespaces.ts";
import {
  listServiceAccounts,
  readServiceAccount,
  type ServiceAccount,
} from "../../cluster/service-accounts.ts";
import { PullcastError } from "../../errors.ts";
import { cleanText } from "../../util/clean-text.ts";
import type { AccountSelection, NamespaceSelection } from "./model.ts";
import { AT_ONCE, type Session } from "./session.ts";

/** What was found, or why it could not be read. */
export type Reading<Value> = { readonly value: Value } | { readonly refused: PullcastError };

/** A ServiceAccount that was asked for; without `account` where there is none. */
export interface AccountView {
  readonly name: string;
  readonly account?: ServiceAccount;
}

/** A namespace as it is before anything is done. */
export interface NamespaceView extends Namespace {
  readonly secret: Reading<FoundSecret | undefined>;
  /** Those asked for, in the order of their names where all were. */
  readonly accounts: Reading<readonly AccountView[]>;
}

/** Whether many are meant, so that lists of the cluster serve them best. */
export function isWide({ all, selector }: NamespaceSelection): boolean {
  return all || selector !== undefined;
}

/**
 * The namespaces that are meant. Those given by name are taken at their word: the first request tells.
 *
 * @throws PullcastError PC160 where none is meant, PC103 to PC106
 */
export async function selectNamespaces(
  { gateway, context }: Pick<Session, "gateway" | "context">,
  selection: NamespaceSelection,
): Promise<Namespace[]> {
  const { names, all, selector, exclude } = selection;
  if (!all && selector === undefined) {
    const own = names.length > 0 ? names : [context?.namespace ?? "default"];
    return narrowed(
      [...new Set(own)].map((name) => ({ name, terminating: false })),
      exclude,
    );
  }
  const listed = await listNamespaces(gateway, selector);
  if (listed.length === 0) {
    const detail = `no namespace has the labels ${cleanText(selector ?? "", 100)}`;
    throw new PullcastError("PC160", { detail });
  }
  return narrowed(listed, exclude);
}

function narrowed(namespaces: readonly Namespace[], exclude: readonly string[]): Namespace[] {
  const chosen = chooseNames(namespaces, exclude);
  if (chosen.length > 0) return chosen;
  throw new PullcastError("PC160", { detail: "--exclude leaves out all of them" });
}

interface SurveyOptions {
  readonly namespaces: readonly Namespace[];
  /** Whether many are meant: one list serves all, where it is allowed. */
  readonly wide: boolean;
  /** Of the Secret. */
  readonly name: string;
  readonly accounts: AccountSelection;
}

/**
 * Looks at the Secrets and ServiceAccounts of all namespaces: by lists of the cluster where many are meant and
 * they may be listed, else namespace by namespace.
 *
 * @throws PullcastError PC103, PC105, PC106 where the cluster is lost
 */
export async function surveyNamespaces(
  gateway: Gateway,
  options: SurveyOptions,
): Promise<NamespaceView[]> {
  const limit = pLimit(AT_ONCE);
  const [secretOf, accountsOf] = await Promise.all([
    secretReader(gateway, options),
    accountReader(gateway, options),
  ]);
  return await Promise.all(
    options.namespaces.map((namespace) =>
      limit(async () => {
        const [secret, accounts] = await Promise.all([
          reading(() => secretOf(namespace.name)),
          reading(() => accountsOf(namespace.name)),
        ]);
        return { ...namespace, secret, accounts };
      }),
    ),
  );
}

type Reader<Value> = (namespace: string) => Promise<Value>;

async function secretReader(
  gateway: Gateway,
  { wide, name }: SurveyOptions,
): Promise<Reader<FoundSecret | undefined>> {
  const listed = wide
    ? await reading(() => listSecretsNamed(gateway, name))
    : { refused: undefined };
  if ("value" in listed) return async (namespace) => listed.value.get(namespace);
  return (namespace) => readNamespaceSecret(gateway, { namespace, name });
}

async function accountReader(
  gateway: Gateway,
  { wide, accounts: { names, all } }: SurveyOptions,
): Promise<Reader<readonly AccountView[]>> {
  if (!all && names.length === 0) return async () => [];
  const choose = (found: readonly ServiceAccount[]): AccountView[] => {
    if (all) return found.map((account) => ({ name: account.metadata.name, account }));
    return names.map((name) =>
      viewOf(
        name,
        found.find((one) => one.metadata.name === name),
      ),
    );
  };
  const [only] = names;
  const byName = !all && names.length === 1 && only !== undefined ? { name: only } : {};
  const listed = wide
    ? await reading(() => listServiceAccounts(gateway, byName))
    : { refused: undefined };
  if ("value" in listed) {
    const groups = byNamespace(listed.value);
    return async (namespace) => choose(groups.get(namespace) ?? []);
  }
  if (all) return async (namespace) => choose(await listServiceAccounts(gateway, { namespace }));
  return (namespace) =>
    Promise.all(
      names.map(async (name) =>
        viewOf(name, await readServiceAccount(gateway, { namespace, name })),
      ),
    );
}

function byNamespace(accounts: readonly ServiceAccount[]): Map<string, ServiceAccount[]> {
  const groups = new Map<string, ServiceAccount[]>();
  for (const account of accounts) {
    const { namespace } = account.metadata;
    const group = groups.get(namespace);
    if (group === undefined) groups.set(namespace, [account]);
    else group.push(account);
  }
  return groups;
}

function viewOf(name: string, account: ServiceAccount | undefined): AccountView {
  return account === undefined ? { name } : { name, account };
}

/** What a user may not read is a value: writing may be allowed all the same. */
async function reading<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof PullcastError && error.code === "PC104") return { refused: error };
    throw error;
  }
}
