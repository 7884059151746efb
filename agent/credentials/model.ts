import type { Code } from "../errors.ts";
import type { Secret } from "../secret.ts";

/** What a password is, where its form or its registry tells. */
export type CredentialKind =
  | "password"
  | "ecr-token"
  | "gcp-access-token"
  | "gcp-service-account-key"
  | "acr-refresh-token"
  | "jwt";

/** When a credential ends: RFC 3339, `never`, or `unknown` where nothing tells. */
export type Expiry = string;

/** One auth entry as a kubelet will use it. */
export interface Credential {
  /** The key of `auths`, as written in the source. */
  readonly key: string;
  /** Decoded for people; bytes that are no UTF-8 show as U+FFFD. */
  readonly username: string;
  /** Padded base64 of `user:password`, byte for byte what the kubelet sends. */
  readonly auth: Secret<string>;
  /** Where it came from, for people: a path, `secret NAMESPACE/NAME`, `credsStore NAME`, `--registry`, … */
  readonly source: string;
  readonly kind: CredentialKind;
  readonly expiresAt: Expiry;
}

/** One thing that a kubelet would ignore or misread, or that will surprise. Nothing secret in it. */
export interface Problem {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** The entry it is about; absent for the whole source. */
  readonly key?: string;
  readonly message: string;
  /** The step that mends it. */
  readonly fix: string;
}
