import type { Gateway } from "../../cluster/gateway.ts";
import { type LivePod, listLivePods } from "../../cluster/live-pods.ts";
import { type FoundSecret, hasWantedType } from "../../cluster/namespace-secrets.ts";
import { namesSecret } from "../../cluster/service-accounts.ts";
import { lifespanOf } from "../../credentials/expiry.ts";
import { nameList } from "../../credentials/name-list.ts";
import { type Code, describeCode, PullcastError } from "../../errors.ts";
import { readKubeletFile } from "../../kubelet/read-file.ts";
import { cleanText } from "../../util/clean-text.ts";
import type { NamespaceStatus, SecretStatusOptions, SecretStatusReport } from "./model.ts";
import { withSession } from "./session.ts";
import { isWide, type NamespaceView, selectNamespaces, surveyNamespaces } from "./survey.ts";

/**
 * Tells in which state each namespace's Secret is, which ServiceAccounts miss it, and which pods run without it.
 * Changes nothing.
 *
 * @returns an item for each namespace
 * @throws {PullcastError} PC160 where no namespace is meant, PC10x where the cluster can't be asked
 */
export async function secretStatus(options: SecretStatusOptions): Promise<SecretStatusReport> {
  const { name, accounts } = options;
  return await withSession(options, async (session) => {
    const { gateway } = session;
    const namespaces = await selectNamespaces(session, options.namespaces);
    const wide = isWide(options.namespaces);
    const every = accounts.names.length === 0 ? { names: [], all: true } : accounts;
    const [views, pods] = await Promise.all([
      surveyNamespaces(gateway, { name, namespaces, wide, accounts: every }),
      podReader(gateway, wide),
    ]);
    const items: NamespaceStatus[] = [];
    for (const view of views) items.push(await judgeNamespace(view, { options, pods }));
    return { kind: "SecretStatusReport", name, ...session.facts(), items };
  });
}

/** Pods of a namespace that are to run or run; `undefined` where they may not be listed. */
type PodReader = (namespace: string) => Promise<readonly LivePod[] | undefined>;

async function podReader(gateway: Gateway, wide: boolean): Promise<PodReader> {
  const list = async (namespace?: string) => {
    try {
      return await listLivePods(gateway, namespace);
    } catch (error) {
      if (error instanceof PullcastError && error.code === "PC104") return undefined;
      throw error;
    }
  };
  if (!wide) return list;
  const all = await list();
  return async (namespace) => all?.filter((pod) => pod.namespace === namespace);
}

interface JudgeContext {
  readonly options: SecretStatusOptions;
  readonly pods: PodReader;
}

/** The worst that can be told of a namespace. */
async function judgeNamespace(
  view: NamespaceView,
  { options, pods }: JudgeContext,
): Promise<NamespaceStatus> {
  const namespace = view.name;
  const state = (of: NamespaceStatus["state"], code: Code, more = ""): NamespaceStatus => {
    const { title, fix } = describeCode(code);
    const message = more === "" ? title : `${title}: ${more}`;
    return { namespace, state: of, code, message, fix: fix.replaceAll("NAMESPACE", namespace) };
  };
  if (view.terminating) return state("skipped", "PC162");
  const { secret } = view;
  if ("refused" in secret) return state("unknown", "PC130", secret.refused.detail);
  const found = secret.value;
  if (found === undefined) return state("missing", "PC174");
  const facts = factsOf(found);
  const told = (one: NamespaceStatus): NamespaceStatus => ({ ...one, ...facts.told });
  if (!hasWantedType(found)) return told(state("wrong-type", "PC164", found.type));
  if (facts.why !== undefined) return told(state("unreadable", "PC175", facts.why));
  if (!found.ours) return told(state("foreign", "PC173"));
  if (found.others.length > 0) return told(state("drifted", "PC176", nameList(found.others)));
  const missing = accountsWithout(view, options);
  if (missing.length > 0) return told(state("incomplete", "PC177", nameList(missing)));
  const waiting = (await waitingPods(view, { options, pods })).map(({ name }) => name);
  if (waiting.length > 0) {
    return {
      ...told(state("pods-without", "PC178", nameList(waiting))),
      podsWithout: waiting.length,
    };
  }
  const leftMs = Date.parse(facts.told.expiresAt ?? "") - (options.now ?? new Date()).getTime();
  if (leftMs < options.expiresWithinMs) {
    const message = leftMs <= 0 ? "a credential has ended" : "a credential ends soon";
    return { namespace, state: "expiring", message, ...facts.told };
  }
  return { namespace, state: "current", ...facts.told };
}

/** What a Secret's value tells; no values. */
function factsOf({ file }: FoundSecret) {
  const none = { told: {} as Pick<NamespaceStatus, "keys" | "expiresAt"> };
  if (file === undefined) return { ...none, why: "it has no .dockerconfigjson" };
  const read = readKubeletFile(file.reveal());
  if (!read.valid) return { ...none, why: read.why };
  const keys = read.entries.map(({ key }) => cleanText(key, 300));
  const ends = read.entries.map((entry) => lifespanOf(entry).expiresAt);
  const [first] = ends.filter((end) => Date.parse(end) > 0).sort();
  return { told: { keys, ...(first === undefined ? {} : { expiresAt: first }) }, why: undefined };
}

/** Those that were asked for and don't name the Secret; without options nobody is expected to. */
function accountsWithout({ accounts }: NamespaceView, options: SecretStatusOptions): string[] {
  if ("refused" in accounts) return [];
  if (options.accounts.names.length === 0 && !options.accounts.all) return [];
  return accounts.value
    .filter(({ account }) => account === undefined || !namesSecret(account, options.name))
    .map(({ name }) => name);
}

/** Pods of accounts that name the Secret now, and were made before they did. */
async function waitingPods(
  { name: namespace, accounts }: NamespaceView,
  { options, pods }: JudgeContext,
): Promise<readonly LivePod[]> {
  if ("refused" in accounts) return [];
  const served = new Set(
    accounts.value
      .filter(({ account }) => account !== undefined && namesSecret(account, options.name))
      .map(({ name }) => name),
  );
  if (served.size === 0) return [];
  const found = (await pods(namespace)) ?? [];
  return found.filter(
    ({ account, pullSecrets }) => served.has(account) && !pullSecrets.includes(options.name),
  );
}
