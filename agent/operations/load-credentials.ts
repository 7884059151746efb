import { cloudLogin } from "../cloud/cloud-login.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { readRegistrySecret } from "../cluster/read-secret.ts";
import { loadNodeConfig } from "../credentials/load-node-config.ts";
import type { CredentialSource, LoadedConfig } from "../credentials/model.ts";
import { exchangeIdentityToken } from "../registry/exchange-identity-token.ts";
import { type RegistryAccess, readReach } from "../registry/reach.ts";

interface LoadOptions extends Pick<RegistryAccess, "registryCa"> {
  /** For `--from-secret` alone. */
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  /** Tell what can't be fetched now in `unfetched`, instead of ending the run. @default false */
  readonly tellUnfetched?: boolean;
}

/**
 * What push would send: the credential sources, read once and made into what kubelets can use.
 *
 * @throws {PullcastError} PC601 to PC608, PC620 to PC632, PC640 to PC642; PC001 for the CA; PC10x where a Secret can't be read
 */
export async function loadCredentials(
  source: CredentialSource,
  { kubectl, signal, registryCa, tellUnfetched = false }: LoadOptions,
): Promise<LoadedConfig> {
  const reach = await readReach({
    env: source.env,
    ...(registryCa === undefined ? {} : { registryCa }),
  });
  return await loadNodeConfig(source, {
    signal,
    tellUnfetched,
    readSecret: (namespace, name) => readRegistrySecret(kubectl, { namespace, name, signal }),
    exchangeToken: (registry, identityToken) =>
      exchangeIdentityToken({ registry, identityToken, signal, ...reach }),
    cloudLogin: (registry) => cloudLogin({ registry, env: source.env, reach, signal }),
  });
}
