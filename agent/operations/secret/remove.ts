import pLimit from "p-limit";
import type { Gateway } from "../../cluster/gateway.ts";
import { deleteSecret, type FoundSecret } from "../../cluster/namespace-secrets.ts";
import {
  namesSecret,
  type ServiceAccount,
  wasAdded,
  withoutSecret,
} from "../../cluster/service-accounts.ts";
import { describeCode } from "../../errors.ts";
import { accountFailure, editAccount } from "./edit-account.ts";
import type { AccountItem, NamespaceItem, SecretRemoveOptions, SecretReport } from "./model.ts";
import { plainRefusal, refusalOf, sendPatiently, thrownRefusal } from "./refusal.ts";
import { AT_ONCE, withSession } from "./session.ts";
import { isWide, type NamespaceView, selectNamespaces, surveyNamespaces } from "./survey.ts";

/**
 * Takes pullcast's Secret out of each namespace, and its name out of the ServiceAccounts that pullcast put it into:
 * they are as they were. Secrets and names that others put there stay, and are named.
 *
 * @returns an item for each namespace: a namespace's failure is a value
 * @throws {PullcastError} PC160 where no namespace is meant, PC10x where the cluster can't be asked
 */
export async function secretRemove(options: SecretRemoveOptions): Promise<SecretReport> {
  const { name, dryRun } = options;
  return await withSession(options, async (session) => {
    const { gateway } = session;
    const namespaces = await selectNamespaces(session, options.namespaces);
    const wide = isWide(options.namespaces);
    // Whoever was given the Secret, by whichever options: the accounts themselves know.
    const accounts = { names: [], all: true };
    const views = await surveyNamespaces(gateway, { name, namespaces, wide, accounts });
    const limit = pLimit(AT_ONCE);
    const items = await Promise.all(
      views.map((view) => limit(() => removeFrom(view, { gateway, options }))),
    );
    return {
      kind: "SecretReport",
      operation: "remove",
      dryRun,
      name,
      ...session.facts(),
      credentials: [],
      items,
    };
  });
}

interface RemoveContext {
  readonly gateway: Gateway;
  readonly options: SecretRemoveOptions;
}

async function removeFrom(view: NamespaceView, context: RemoveContext): Promise<NamespaceItem> {
  const namespace = view.name;
  const base = { namespace, accounts: [] };
  if (context.options.signal.aborted) return { ...base, result: "not-attempted" };
  if (view.terminating) {
    const { title, fix } = describeCode("PC162");
    return { ...base, result: "skipped", code: "PC162", message: title, fix };
  }
  // Accounts first: none may name a Secret that isn't there.
  const accounts = await leaveAccounts(view, context);
  const failed = accounts.find(({ result }) => result === "failed");
  if (failed !== undefined) return { namespace, ...accountFailure(failed), accounts };
  const secret = await removeSecret(view, context);
  const kept = accounts.find(({ result }) => result === "kept");
  if (secret.result === "absent" && accounts.some(({ result }) => CHANGED.has(result))) {
    return { namespace, result: context.options.dryRun ? "would-update" : "updated", accounts };
  }
  if (kept === undefined || secret.code !== undefined) return { namespace, ...secret, accounts };
  return { namespace, ...secret, ...notice(kept), accounts };
}

const CHANGED: ReadonlySet<AccountItem["result"]> = new Set(["removed", "would-remove"]);

/** What is told of a ServiceAccount that names the Secret on the word of others. */
function notice({ name, code, message, fix }: AccountItem) {
  return {
    ...(code && { code }),
    message: `serviceaccount ${name}: ${message}`,
    ...(fix && { fix: fix.replace("NAME", name) }),
  };
}

async function leaveAccounts(
  { name: namespace, accounts }: NamespaceView,
  { gateway, options }: RemoveContext,
): Promise<AccountItem[]> {
  const { name, dryRun, signal } = options;
  if ("refused" in accounts) {
    const asked = { verb: "list", kind: "serviceaccount", namespace, name: "" } as const;
    const fix = `kubectl auth can-i list serviceaccounts -n ${namespace}`;
    const refusal = plainRefusal(thrownRefusal(accounts.refused, asked));
    return [{ name: "*", result: "failed", ...refusal, fix }];
  }
  const change = (account: ServiceAccount) => {
    if (wasAdded(account, name)) return withoutSecret(account, name);
    return namesSecret(account, name) ? "kept" : "unchanged";
  };
  const items = await Promise.all(
    accounts.value.map((account) =>
      editAccount(gateway, { ...account, namespace }, { change, done: "removed", dryRun, signal }),
    ),
  );
  // All of the namespace were looked at: those that have nothing to do with it are not told.
  return items.filter(({ result }) => result !== "unchanged" && result !== "missing");
}

async function removeSecret(
  { name: namespace, secret }: NamespaceView,
  { gateway, options }: RemoveContext,
): Promise<Omit<NamespaceItem, "namespace" | "accounts">> {
  const { name, dryRun, signal } = options;
  const asked = { verb: "delete", kind: "secret", namespace, name } as const;
  if ("refused" in secret) {
    return { result: "failed", ...plainRefusal(thrownRefusal(secret.refused, asked)) };
  }
  const found = secret.value;
  if (found === undefined) return { result: "absent" };
  if (!found.ours) return notOurs(found);
  try {
    const answer = await sendPatiently(() => deleteSecret(gateway, found, { dryRun }), signal);
    if (answer.status === 404) return { result: "absent" };
    if (answer.status === 200) return { result: dryRun ? "would-remove" : "removed" };
    return { result: "failed", ...plainRefusal(refusalOf(answer, asked)) };
  } catch (error) {
    return { result: "failed", ...plainRefusal(thrownRefusal(error, asked)) };
  }
}

function notOurs({ namespace, name }: FoundSecret) {
  const { title } = describeCode("PC173");
  const fix = `kubectl delete secret ${name} -n ${namespace}, if nobody needs it`;
  return { result: "kept", code: "PC173", message: title, fix } as const;
}
