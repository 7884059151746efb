import type { LoadedConfig } from "../../credentials/model.ts";
import { PullcastError } from "../../errors.ts";
import { judgeCredentials, refusalOf } from "../judge-credentials.ts";
import { loadCredentials } from "../load-credentials.ts";
import type { SecretSourceOptions } from "./model.ts";

/** kubernetes pkg/apis/core/types.go, MaxSecretSize: of a Secret's values together. */
const MAX_SECRET_BYTES = 1024 * 1024;

/**
 * The credentials, if they may be sent as a Secret.
 *
 * @throws {PullcastError} PC6xx where the source is unusable, PC168 where it is too large for a Secret
 */
export async function loadSoundSecret(options: SecretSourceOptions): Promise<LoadedConfig> {
  const config = await loadCredentials(options.source, options);
  const { problems, notices } = judgeCredentials(config, options.now ?? new Date());
  for (const notice of notices) options.report({ type: "notice", notice });
  const refusal = refusalOf(problems, options.strict === true);
  if (refusal !== undefined) throw refusal;
  refuseTooLarge(config);
  return config;
}

/** @throws {PullcastError} PC168 for what no Secret can hold */
export function refuseTooLarge({ sizeBytes }: Pick<LoadedConfig, "sizeBytes">): void {
  if (sizeBytes <= MAX_SECRET_BYTES) return;
  throw new PullcastError("PC168", { detail: `it has ${sizeBytes} bytes` });
}
