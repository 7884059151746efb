import type { KubectlSettings } from "../cluster/kubectl.ts";
import { readRegistrySecret } from "../cluster/read-secret.ts";
import { loadNodeConfig } from "../credentials/load-node-config.ts";
import type { CredentialSource, LoadedConfig } from "../credentials/model.ts";
import { exchangeIdentityToken } from "../registry/exchange-identity-token.ts";
import { proxySettings } from "../registry/proxy.ts";

interface LoadOptions {
  /** For `--from-secret` alone. */
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  /** PEM of a CA to trust where an identity token is exchanged. */
  readonly ca?: string;
}

/**
 * What push would send: the credential sources, read once and made into what kubelets can use.
 *
 * @throws {PullcastError} PC601 to PC608, PC620 to PC632; PC10x where a Secret can't be read
 */
export async function loadCredentials(
  source: CredentialSource,
  { kubectl, signal, ca }: LoadOptions,
): Promise<LoadedConfig> {
  const reach = { proxy: proxySettings(source.env), ...(ca === undefined ? {} : { ca }) };
  return await loadNodeConfig(source, {
    signal,
    readSecret: (namespace, name) => readRegistrySecret(kubectl, { namespace, name, signal }),
    exchangeToken: (registry, identityToken) =>
      exchangeIdentityToken({ registry, identityToken, signal, ...reach }),
  });
}
