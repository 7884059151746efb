import { REGISTRY_SECRETS } from "../registry-secret.ts";
import { Secret } from "../secret.ts";
import { apiRefusal } from "./api-http.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";
import { namespacePath } from "./namespaces.ts";

/** Who sends our Secrets, in their managedFields. */
export const FIELD_MANAGER = "pullcast";

/** The type of the Secrets that are applied, and the field of their value. */
export const TYPE_OF_SECRETS = "kubernetes.io/dockerconfigjson";
export const { field: VALUE_FIELD } = REGISTRY_SECRETS[TYPE_OF_SECRETS];
const LABEL = "app.kubernetes.io/managed-by";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What stands under a Secret's name; its value never prints. */
export interface FoundSecret {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly immutable: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  /** The value of `.dockerconfigjson` or `.dockercfg`, decoded; absent where it has none. */
  readonly file?: Secret<Uint8Array>;
  /** Whether it holds nothing else. */
  readonly only: boolean;
  /** Whether pullcast applied it, and it is labelled so. */
  readonly ours: boolean;
  /** Who else wrote its values or its type. */
  readonly others: readonly string[];
  /** Whether `kubectl apply` left a copy of the values in an annotation. */
  readonly hasCopy: boolean;
}

/** A Secret to be applied. */
export interface WantedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly file: Secret<Uint8Array>;
}

/** How something is sent. */
export interface SendOptions {
  /** Only ask what would come of it. */
  readonly dryRun: boolean;
  /** Take over what other field managers own. */
  readonly force?: boolean;
}

/**
 * Secrets of one name in all namespaces, by namespace: one request for each 500.
 *
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listSecretsNamed(
  gateway: Gateway,
  name: string,
): Promise<Map<string, FoundSecret>> {
  const query = { fieldSelector: `metadata.name=${name}` };
  const items = await listAll<SecretObject>(gateway, "/api/v1/secrets", query);
  return new Map(items.map((item) => [item.metadata.namespace, foundSecret(item)]));
}

/**
 * One Secret.
 *
 * @returns `undefined` where there is none
 * @throws PullcastError PC103 to PC106; PC104 where it may not be read
 */
export async function readNamespaceSecret(
  gateway: Gateway,
  { namespace, name }: Pick<WantedSecret, "namespace" | "name">,
): Promise<FoundSecret | undefined> {
  const answer = await gateway.request("GET", secretPath(namespace, name));
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw apiRefusal(answer, `secret ${namespace}/${name}`);
  return foundSecret(answer.body as SecretObject);
}

/** Applies a Secret as pullcast's own, server-side: no annotation keeps a copy of its value. */
export async function applySecret(
  gateway: Gateway,
  { namespace, name, file }: WantedSecret,
  { dryRun, force = false }: SendOptions,
): Promise<ApiAnswer> {
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER });
  if (dryRun) query.set("dryRun", "All");
  if (force) query.set("force", "true");
  return await gateway.request("PATCH", `${secretPath(namespace, name)}?${query}`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { [LABEL]: "pullcast" } },
    type: TYPE_OF_SECRETS,
    data: { [VALUE_FIELD]: Buffer.from(file.reveal()).toString("base64") },
  });
}

/** Deletes the very Secret that was found: one that was made anew since stays, and 409 tells so. */
export async function deleteSecret(
  gateway: Gateway,
  { namespace, name, uid }: FoundSecret,
  { dryRun }: SendOptions,
): Promise<ApiAnswer> {
  // Beside a body the API server reads no options from the query.
  return await gateway.request("DELETE", secretPath(namespace, name), {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid },
    ...(dryRun ? { dryRun: ["All"] } : {}),
  });
}

/** Whether what stands there is what `applySecret` would make of it. */
export function isAsWanted(found: FoundSecret, { file }: WantedSecret): boolean {
  return (
    found.ours && found.type === TYPE_OF_SECRETS && found.only && found.file?.equals(file) === true
  );
}

/** Whether a Secret's type is the one that is applied: no Secret changes its type. */
export function hasWantedType({ type }: FoundSecret): boolean {
  return type === TYPE_OF_SECRETS;
}

function secretPath(namespace: string, name: string): string {
  return `${namespacePath(namespace)}/secrets/${encodeURIComponent(name)}`;
}

interface SecretObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly type?: string;
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>> | null;
}

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

function foundSecret({ metadata, type = "", immutable = false, data }: SecretObject): FoundSecret {
  const { name, namespace, uid, creationTimestamp = "", labels = {}, annotations = {} } = metadata;
  const managers = metadata.managedFields ?? [];
  const isOurs = ({ manager, operation }: ManagedFields) =>
    manager === FIELD_MANAGER && operation === "Apply";
  const value = registryValue(type, data ?? {});
  const others = managers.filter((one) => !isOurs(one) && writesValues(one));
  return {
    ...{ namespace, name, uid, type, immutable, createdAt: creationTimestamp },
    ...(value === undefined ? {} : { file: new Secret(Buffer.from(value, "base64")) }),
    only: Object.keys(data ?? {}).length === 1 && value !== undefined,
    ours: labels[LABEL] === "pullcast" && managers.some(isOurs),
    others: [...new Set(others.map(({ manager = "unknown" }) => manager))],
    hasCopy: Object.hasOwn(annotations, LAST_APPLIED),
  };
}

function registryValue(type: string, data: Readonly<Record<string, string>>): string | undefined {
  const field = type === "kubernetes.io/dockercfg" ? REGISTRY_SECRETS[type].field : VALUE_FIELD;
  return Object.hasOwn(data, field) ? data[field] : undefined;
}

function writesValues({ fieldsV1 = {} }: ManagedFields): boolean {
  return ["f:data", "f:type"].some((field) => Object.hasOwn(fieldsV1, field));
}
