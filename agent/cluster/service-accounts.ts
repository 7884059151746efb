import { apiRefusal } from "./api-http.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";
import { FIELD_MANAGER, type SendOptions } from "./namespace-secrets.ts";
import { namespacePath } from "./namespaces.ts";

/** The parts of a ServiceAccount that are read; all others go back as they came. */
export interface ServiceAccount {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
}

/**
 * Names of the Secrets that pullcast added to a ServiceAccount: what was there before stays when they go.
 * The list itself can't tell, since it belongs as a whole to whoever wrote it last.
 */
const ADDED = "pullcast.dev/added-pull-secrets";

/**
 * ServiceAccounts: of one namespace, or of all.
 *
 * @param name - only those of this name
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listServiceAccounts(
  gateway: Gateway,
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
): Promise<ServiceAccount[]> {
  const base = namespace === undefined ? "/api/v1" : namespacePath(namespace);
  const query = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  return await listAll<ServiceAccount>(gateway, `${base}/serviceaccounts`, query);
}

/**
 * One ServiceAccount as it is now.
 *
 * @returns `undefined` where there is none
 * @throws PullcastError PC103 to PC106; PC104 where it may not be read
 */
export async function readServiceAccount(
  gateway: Gateway,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<ServiceAccount | undefined> {
  const answer = await gateway.request("GET", accountPath(namespace, name));
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw apiRefusal(answer, `serviceaccount ${namespace}/${name}`);
  return answer.body as ServiceAccount;
}

/** Puts a ServiceAccount in place of the one that was read: 409 where it has changed since. */
export async function replaceServiceAccount(
  gateway: Gateway,
  account: ServiceAccount,
  { dryRun }: SendOptions,
): Promise<ApiAnswer> {
  const { name, namespace } = account.metadata;
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER });
  if (dryRun) query.set("dryRun", "All");
  return await gateway.request("PUT", `${accountPath(namespace, name)}?${query}`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    ...account,
  });
}

/** Whether a pod of this ServiceAccount gets the Secret. */
export function namesSecret({ imagePullSecrets = [] }: ServiceAccount, secret: string): boolean {
  return imagePullSecrets.some(({ name }) => name === secret);
}

/** Whether pullcast added the Secret's name, and no one else. */
export function wasAdded({ metadata }: ServiceAccount, secret: string): boolean {
  return addedTo(metadata.annotations).includes(secret);
}

/** With the Secret at the end of its list: a kubelet tries those before it first. */
export function withSecret(account: ServiceAccount, secret: string): ServiceAccount {
  const { metadata, imagePullSecrets = [] } = account;
  const added = [...addedTo(metadata.annotations).filter((name) => name !== secret), secret];
  return {
    ...account,
    metadata: withAdded(metadata, added),
    imagePullSecrets: [...imagePullSecrets, { name: secret }],
  };
}

/** Without the Secret that pullcast added, and as it was before. */
export function withoutSecret(account: ServiceAccount, secret: string): ServiceAccount {
  const { metadata, imagePullSecrets, ...rest } = account;
  const left = (imagePullSecrets ?? []).filter(({ name }) => name !== secret);
  const added = addedTo(metadata.annotations).filter((name) => name !== secret);
  return {
    ...rest,
    metadata: withAdded(metadata, added),
    ...(left.length === 0 ? {} : { imagePullSecrets: left }),
  };
}

type Metadata = ServiceAccount["metadata"];

function addedTo(annotations: Metadata["annotations"]): string[] {
  return (annotations?.[ADDED] ?? "").split(",").filter((name) => name !== "");
}

function withAdded({ annotations, ...metadata }: Metadata, added: readonly string[]): Metadata {
  const { [ADDED]: _own, ...others } = annotations ?? {};
  const all = added.length === 0 ? others : { ...others, [ADDED]: added.join(",") };
  return { ...metadata, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) };
}

function accountPath(namespace: string, name: string): string {
  return `${namespacePath(namespace)}/serviceaccounts/${encodeURIComponent(name)}`;
}
