/** Azure's container registries, in any of Azure's clouds, as `HOST` or `HOST:443`; the group is the name that `az acr` takes. */
export const ACR_HOST: RegExp =
  /^([a-z0-9]+)[a-z0-9-]*(?:\.[a-z0-9-]+)*\.azurecr\.(?:io|cn|us|de)(?::443)?$/i;

/** The user that goes with a refresh or access token as password (Azure: `az acr login --expose-token`). */
export const ACR_USER = "00000000-0000-0000-0000-000000000000";
