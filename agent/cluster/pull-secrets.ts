import { PullcastError } from "../errors.ts";
import { isRegistrySecret, REGISTRY_SECRETS } from "../registry-secret.ts";
import { Secret } from "../secret.ts";
import { apiRefusal } from "./api-http.ts";
import type { ApiAnswer, Gateway } from "./gateway.ts";
import { listAll } from "./list-all.ts";
import { type Pod, podsPath } from "./pods.ts";

/**
 * A pull secret that a pod names.
 * - `found`: of a type the kubelet reads, with data
 * - `missing`: the kubelet goes on without it
 * - `unusable`: of another type or without its field: the kubelet passes over it
 * - `unread`: this login may not read it
 */
export interface PullSecret {
  readonly name: string;
  readonly state: "found" | "missing" | "unusable" | "unread";
  /** Why it is no use, or can't be told; nothing secret. */
  readonly why?: string;
  readonly format?: "config.json" | ".dockercfg";
  readonly content?: Secret<Uint8Array>;
}

/** What a pod brings to a pull. */
export interface PodPull {
  readonly namespace: string;
  readonly name: string;
  /** Absent for a pod that no node was given. */
  readonly node?: string;
  readonly serviceAccount: string;
  /** Images of its containers, each once, and the policy of the first that has it. */
  readonly images: readonly { readonly image: string; readonly policy: string }[];
  /** In the pod's order, which is the kubelet's. */
  readonly secrets: readonly PullSecret[];
  /** Names that the ServiceAccount has and the pod doesn't: a kubelet never looks at a ServiceAccount for them. */
  readonly notTaken: readonly string[];
}

/** A pod by name. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Reads a pod, its ServiceAccount, and the pull secrets that the pod names.
 *
 * Source: kubernetes pkg/kubelet/kubelet_pods.go (getPullSecretsForPod) and
 * pkg/credentialprovider/secrets, 1.35.
 *
 * @throws PullcastError PC001 (no such pod), PC103 to PC106
 */
export async function readPodPull(
  gateway: Gateway,
  { namespace, name }: PodName,
): Promise<PodPull> {
  const answer = await gateway.request("GET", `${podsPath(namespace)}/${encodeURIComponent(name)}`);
  if (answer.status === 404) {
    throw new PullcastError("PC001", {
      detail: `there is no pod ${namespace}/${name}`,
      fix: `kubectl get pods -n ${namespace}`,
    });
  }
  if (answer.status !== 200) throw apiRefusal(answer, `pod ${namespace}/${name}`);
  const { spec } = answer.body as PodWithAccount;
  const serviceAccount = spec.serviceAccountName ?? "default";
  const names = pullSecretNames(spec.imagePullSecrets);
  const [secrets, account] = await Promise.all([
    Promise.all(names.map((secret) => readSecret(gateway, namespace, secret))),
    gateway.request(
      "GET",
      `${base(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}`,
    ),
  ]);
  const offered = account.status === 200 ? (account.body as Account).imagePullSecrets : [];
  return {
    namespace,
    name,
    ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
    serviceAccount,
    images: imagesOf(spec),
    secrets,
    notTaken: pullSecretNames(offered).filter((secret) => !names.includes(secret)),
  };
}

type Account = Pick<Pod["spec"], "imagePullSecrets">;
interface PodWithAccount {
  readonly spec: Pod["spec"] & { readonly serviceAccountName?: string };
}

function base(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
}

/** Empty names are ignored, as the kubelet does; a name that stands twice counts once for people. */
export function pullSecretNames(references: Account["imagePullSecrets"]): string[] {
  const names = (references ?? []).map(({ name }) => name ?? "").filter((name) => name !== "");
  return [...new Set(names)];
}

function imagesOf({ containers = [], initContainers = [] }: Pod["spec"]): PodPull["images"] {
  const images = new Map<string, string>();
  for (const { image, imagePullPolicy } of [...initContainers, ...containers]) {
    if (image !== undefined && !images.has(image)) images.set(image, imagePullPolicy ?? "");
  }
  return [...images].map(([image, policy]) => ({ image, policy }));
}

async function readSecret(gateway: Gateway, namespace: string, name: string): Promise<PullSecret> {
  const path = `${base(namespace)}/secrets/${encodeURIComponent(name)}`;
  const answer = await gateway.request("GET", path);
  if (answer.status === 404) return { name, state: "missing" };
  if (answer.status !== 200) return { name, state: "unread", why: refusalOf(answer, name) };
  return pullSecretOf(name, answer.body as SecretObject);
}

function pullSecretOf(name: string, { type = "", data }: SecretObject): PullSecret {
  if (!isRegistrySecret(type)) return { name, state: "unusable", why: `its type is ${type}` };
  const { field, format } = REGISTRY_SECRETS[type];
  const value = data != null && Object.hasOwn(data, field) ? data[field] : undefined;
  if (!value) return { name, state: "unusable", why: `it has no ${field}` };
  return { name, state: "found", format, content: new Secret(Buffer.from(value, "base64")) };
}

/**
 * Registry Secrets, with what a kubelet would read of each: of one namespace, or of all.
 *
 * @returns for each namespace its Secrets by name
 * @throws PullcastError PC103 to PC106; PC104 where they may not be listed
 */
export async function listPullSecrets(
  gateway: Gateway,
  namespace?: string,
): Promise<Map<string, Map<string, PullSecret>>> {
  const path = namespace === undefined ? "/api/v1/secrets" : `${base(namespace)}/secrets`;
  const found = new Map<string, Map<string, PullSecret>>();
  for (const type of Object.keys(REGISTRY_SECRETS)) {
    const fieldSelector = `type=${type}`;
    for (const item of await listAll<ListedSecret>(gateway, path, { fieldSelector })) {
      const { namespace: of, name } = item.metadata;
      const own = found.get(of) ?? new Map<string, PullSecret>();
      own.set(name, pullSecretOf(name, item));
      found.set(of, own);
    }
  }
  return found;
}

type ListedSecret = SecretObject & {
  readonly metadata: { readonly namespace: string; readonly name: string };
};

interface SecretObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>> | null;
}

function refusalOf(answer: ApiAnswer, name: string): string {
  return apiRefusal(answer, `secret ${name}`).detail;
}
