import pLimit from "p-limit";
import type { Gateway } from "../../cluster/gateway.ts";
import {
  applySecret,
  type FoundSecret,
  hasWantedType,
  isAsWanted,
  type WantedSecret,
} from "../../cluster/namespace-secrets.ts";
import type { Namespace } from "../../cluster/namespaces.ts";
import { namesSecret, withSecret } from "../../cluster/service-accounts.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import { describeCode } from "../../errors.ts";
import type { Notice } from "../../model.ts";
import { approveAmbient } from "../approve-ambient.ts";
import { summarizeCredentials } from "../summarize-credentials.ts";
import { accountFailure, editAccount } from "./edit-account.ts";
import { loadSoundSecret } from "./load-sound.ts";
import type { AccountItem, NamespaceItem, SecretApplyOptions, SecretReport } from "./model.ts";
import { plainRefusal as plain, refusalOf, sendPatiently, thrownRefusal } from "./refusal.ts";
import { AT_ONCE, withSession } from "./session.ts";
import { isWide, type NamespaceView, selectNamespaces, surveyNamespaces } from "./survey.ts";

/**
 * Puts the credentials as a Secret into each namespace, and its name into the ServiceAccounts asked for.
 * What is there already is not written again.
 *
 * @returns an item for each namespace: a namespace's failure is a value
 * @throws {PullcastError} PC6xx where the source is unusable or the plan is not confirmed, PC168 where it is too large for
 *   a Secret, PC160 where no namespace is meant, PC10x where the cluster can't be asked
 */
export async function secretApply(options: SecretApplyOptions): Promise<SecretReport> {
  const { name, signal, dryRun } = options;
  const config = await loadSoundSecret(options);
  return await withSession(options, async (session) => {
    const { gateway } = session;
    const namespaces = await selectNamespaces(session, options.namespaces);
    await approve(
      options,
      config,
      namespaces.map((one) => one.name),
    );
    const wide = isWide(options.namespaces);
    const items = await applyToEach(gateway, namespaces, {
      options,
      file: config.bytes,
      wide,
      lists: wide,
    });
    for (const notice of nowhere(items)) options.report({ type: "notice", notice });
    return {
      kind: "SecretReport",
      operation: "apply",
      dryRun,
      name,
      ...session.facts(),
      credentials: await summarizeCredentials(
        config.credentials,
        undefined,
        signal.aborted ? new AbortController().signal : signal,
      ),
      items,
    };
  });
}

/**
 * Puts the credentials into these namespaces; see `secretApply`.
 *
 * @returns an item for each, in their order
 * @throws {PullcastError} PC103, PC105, PC106 where the cluster is lost
 */
export async function applyToEach(
  gateway: Gateway,
  namespaces: readonly Namespace[],
  { lists, ...plan }: Omit<ApplyContext, "gateway"> & { readonly lists: boolean },
): Promise<NamespaceItem[]> {
  const { name, accounts } = plan.options;
  const views = await surveyNamespaces(gateway, { name, accounts, namespaces, wide: lists });
  const limit = pLimit(AT_ONCE);
  const context: ApplyContext = { gateway, ...plan };
  return await Promise.all(views.map((view) => limit(() => applyTo(view, context))));
}

async function approve(
  { confirm, dryRun }: SecretApplyOptions,
  config: LoadedConfig,
  namespaces: readonly string[],
): Promise<void> {
  if (dryRun) return;
  const { source } = config;
  await approveAmbient(
    config,
    namespaces.length,
    confirm && (() => confirm({ source, namespaces })),
  );
}

interface ApplyContext {
  readonly gateway: Gateway;
  /** Whether the namespaces were chosen, not named: few of many have an account of a custom name. */
  readonly wide: boolean;
  readonly options: Pick<SecretApplyOptions, "name" | "accounts" | "dryRun" | "replace" | "signal">;
  readonly file: LoadedConfig["bytes"];
}

type SecretOutcome = Omit<NamespaceItem, "namespace" | "accounts">;

async function applyTo(view: NamespaceView, context: ApplyContext): Promise<NamespaceItem> {
  const { options } = context;
  const base = { namespace: view.name, accounts: [] };
  if (options.signal.aborted) return { ...base, result: "not-attempted" };
  if (view.terminating) {
    const { title, fix } = describeCode("PC162");
    return { ...base, result: "skipped", code: "PC162", message: title, fix };
  }
  const secret = await sendSecret(view, context);
  // An account must not name a Secret that isn't there.
  if (secret.result === "failed" || secret.result === "skipped") return { ...base, ...secret };
  const accounts = await addToAccounts(view, context);
  // Of many namespaces, few have an account of a custom name.
  const bad = context.wide ? FAILED : FAILED_OR_MISSING;
  const failed = accounts.find(({ result }) => bad.has(result));
  return failed === undefined
    ? itemOf(view.name, secret, accounts)
    : { namespace: view.name, ...accountFailure(failed), accounts };
}

async function sendSecret(
  view: NamespaceView,
  { gateway, options, file }: ApplyContext,
): Promise<SecretOutcome> {
  const { name, dryRun, replace, signal } = options;
  const namespace = view.name;
  const wanted: WantedSecret = { namespace, name, file };
  const found = "value" in view.secret ? view.secret.value : undefined;
  if (found !== undefined && isAsWanted(found, wanted)) return { result: "unchanged" };
  if (found !== undefined && !hasWantedType(found)) return otherType(found);
  const secrets = [Buffer.from(file.reveal()).toString()];
  const asked = { verb: "patch", kind: "secret", namespace, name, secrets } as const;
  try {
    const answer = await sendPatiently(
      () => applySecret(gateway, wanted, { dryRun, force: replace }),
      signal,
    );
    if (answer.status === 201) return { result: dryRun ? "would-create" : "created" };
    if (answer.status === 200) return { result: dryRun ? "would-update" : "updated" };
    const refusal = refusalOf(answer, asked);
    return { result: refusal.code === "PC162" ? "skipped" : "failed", ...plain(refusal) };
  } catch (error) {
    return { result: "failed", ...plain(thrownRefusal(error, asked)) };
  }
}

function otherType({ namespace, name, type }: FoundSecret): SecretOutcome {
  const { title } = describeCode("PC164");
  const fix = `use another --name, or kubectl delete secret ${name} -n ${namespace}`;
  return { result: "failed", code: "PC164", message: `${title}: its type is ${type}`, fix };
}

async function addToAccounts(
  { name: namespace, accounts }: NamespaceView,
  { gateway, options }: ApplyContext,
): Promise<AccountItem[]> {
  const { name, dryRun, signal } = options;
  if ("refused" in accounts) {
    const asked = { verb: "get", kind: "serviceaccount", namespace, name: "" } as const;
    const refusal = thrownRefusal(accounts.refused, asked);
    const fix = `kubectl auth can-i get serviceaccounts -n ${namespace}`;
    return [{ name: "*", result: "failed", ...plain(refusal), fix }];
  }
  return await Promise.all(
    accounts.value.map((account) =>
      editAccount(
        gateway,
        { ...account, namespace },
        {
          change: (current) =>
            namesSecret(current, name) ? "unchanged" : withSecret(current, name),
          done: "added",
          dryRun,
          signal,
        },
      ),
    ),
  );
}

const FAILED: ReadonlySet<AccountItem["result"]> = new Set(["failed"]);
const FAILED_OR_MISSING: ReadonlySet<AccountItem["result"]> = new Set(["failed", "missing"]);

function itemOf(
  namespace: string,
  secret: SecretOutcome,
  accounts: readonly AccountItem[],
): NamespaceItem {
  const results = new Set(accounts.map(({ result }) => result));
  if (secret.result !== "unchanged") return { namespace, ...secret, accounts };
  if (results.has("added")) return { namespace, result: "updated", accounts };
  if (results.has("would-add")) return { namespace, result: "would-update", accounts };
  return { namespace, result: "unchanged", accounts };
}

/** A ServiceAccount that no namespace has is a slip of the pen. */
function nowhere(items: readonly NamespaceItem[]): Notice[] {
  const all = items.flatMap(({ accounts }) => accounts);
  const there = new Set(all.filter(({ result }) => result !== "missing").map(({ name }) => name));
  const gone = new Set(all.map(({ name }) => name).filter((name) => !there.has(name)));
  return [...gone].map((name) => ({
    code: "PC169",
    message: `${name} is in none of the namespaces`,
  }));
}
