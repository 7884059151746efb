import pLimit from "p-limit";
import { readClusterId } from "../cluster/cluster-id.ts";
import type { KubectlSettings } from "../cluster/kubectl.ts";
import { fingerprint } from "../credentials/fingerprint.ts";
import type { Credential } from "../credentials/model.ts";
import { PullcastError } from "../errors.ts";
import { normalizeKey } from "../kubelet/normalize-key.ts";
import type { CredentialSummary, Notice } from "../model.ts";

/** All `--hosts` runs compare with each other. */
const HOSTS_SALT = "hosts";
/** One is at work and one waits, so that the thread that makes fingerprints finds no end between them. */
const AT_ONCE = 2;

/** What fingerprints are salted with. */
export interface SaltOptions {
  readonly kubectl: KubectlSettings;
  /** Set: no cluster is asked. */
  readonly fingerprintSalt?: string;
  /** No cluster is there to ask. */
  readonly hostsOnly: boolean;
  readonly signal: AbortSignal;
}

/**
 * The salt of fingerprints: as given, the cluster's own, or a fixed text where there is no cluster.
 *
 * @returns why there is none where the cluster can't be asked; throws only after an abort
 */
export async function findSalt(options: SaltOptions): Promise<string | Notice> {
  if (options.fingerprintSalt !== undefined) return options.fingerprintSalt;
  if (options.hostsOnly) return HOSTS_SALT;
  try {
    return await readClusterId(options.kubectl, options.signal);
  } catch (error) {
    if (!(error instanceof PullcastError)) throw error;
    return { code: "PC673", message: `no fingerprints: ${error.message}` };
  }
}

/** What may be told of credentials: never a password. Without a salt there are no fingerprints. */
export async function summarizeCredentials(
  credentials: readonly Credential[],
  salt: string | undefined,
  signal: AbortSignal,
): Promise<CredentialSummary[]> {
  const limit = pLimit(AT_ONCE);
  return await Promise.all(
    credentials.map((credential) =>
      limit(async (): Promise<CredentialSummary> => {
        signal.throwIfAborted();
        const { key, username, source, kind, expiresAt, lifetime } = credential;
        const normalized = normalizeKey(key);
        const mark = salt === undefined ? undefined : await fingerprint(credential, salt);
        return {
          key,
          registry: "why" in normalized ? key : normalized.registry,
          username,
          kind,
          expiresAt,
          ...(lifetime === undefined ? {} : { lifetime }),
          source,
          ...(mark === undefined ? {} : { fingerprint: mark }),
        };
      }),
    ),
  );
}
