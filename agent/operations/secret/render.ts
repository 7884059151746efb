import { TYPE_OF_SECRETS, VALUE_FIELD } from "../../cluster/namespace-secrets.ts";
import { PullcastError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import { loadSoundSecret } from "./load-sound.ts";
import type { SecretRenderOptions } from "./model.ts";

/** What would stand in namespaces, for a repository or a pipeline instead of a cluster. */
export interface RenderedSecrets {
  /** The Secret's value: a docker config.json. */
  readonly file: Secret<Uint8Array>;
  readonly name: string;
  readonly namespaces: readonly string[];
  /** ServiceAccounts that name it, the same in each namespace. */
  readonly accounts: readonly string[];
}

/**
 * What an apply would send, without a cluster.
 *
 * @throws {PullcastError} PC6xx where the source is unusable, PC168 where it is too large for a Secret, PC160 without a
 *   namespace
 */
export async function secretRender(options: SecretRenderOptions): Promise<RenderedSecrets> {
  if (options.namespaces.length === 0) {
    throw new PullcastError("PC160", { detail: "--namespace names none" });
  }
  const { bytes } = await loadSoundSecret(options);
  const { name, namespaces, accounts } = options;
  return { file: bytes, name, namespaces: [...new Set(namespaces)], accounts };
}

/** The Secret as the API server takes it; its value is in it. */
export function secretManifest({ name, file }: RenderedSecrets, namespace: string): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: LABELS },
    type: TYPE_OF_SECRETS,
    data: { [VALUE_FIELD]: Buffer.from(file.reveal()).toString("base64") },
  };
}

/** A ServiceAccount that names the Secret: kubectl apply puts it beside the names of others (merge key: name). */
export function accountManifest(
  { name }: Pick<RenderedSecrets, "name">,
  account: { readonly name: string; readonly namespace: string },
): object {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: account.name, namespace: account.namespace },
    imagePullSecrets: [{ name }],
  };
}

/** A kustomization of one namespace: its generator reads the value from a file that stays out of the repository. */
export function kustomization(
  { name, accounts }: RenderedSecrets,
  { namespace, valueFile }: { readonly namespace: string; readonly valueFile: string },
): object {
  return {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    namespace,
    ...(accounts.length === 0 ? {} : { resources: accounts.map(accountFile) }),
    secretGenerator: [
      {
        name,
        type: TYPE_OF_SECRETS,
        files: [`${VALUE_FIELD}=${valueFile}`],
        // ServiceAccounts and pods that are there name it as it is.
        options: { disableNameSuffixHash: true, labels: LABELS },
      },
    ],
  };
}

/** The file of a ServiceAccount in a kustomization. */
export function accountFile(account: string): string {
  return `serviceaccount-${account}.yaml`;
}

const LABELS = { "app.kubernetes.io/managed-by": "pullcast" } as const;
