/** Types of Secrets that hold registry credentials, and where (core/v1: SecretTypeDockerConfigJson, SecretTypeDockercfg). */
export const REGISTRY_SECRETS = {
  "kubernetes.io/dockerconfigjson": { field: ".dockerconfigjson", format: "config.json" },
  "kubernetes.io/dockercfg": { field: ".dockercfg", format: ".dockercfg" },
} as const;

/** Whether a Secret of this type holds registry credentials. */
export function isRegistrySecret(type: string): type is keyof typeof REGISTRY_SECRETS {
  return Object.hasOwn(REGISTRY_SECRETS, type);
}
