import type { Reach } from "../registry/https-request.ts";
import type { Secret } from "../secret.ts";

/** The clouds whose registries take the identity of the machine or pod that asks. */
export type Cloud = "aws" | "google" | "azure";

/** A login that a cloud gave for an identity. */
interface CloudLogin {
  readonly type: "login";
  readonly username: string;
  readonly password: Secret;
  /** RFC 3339; absent where the password itself tells, or nobody. */
  readonly expiresAt?: string;
}

/** What became of asking a cloud. */
export type CloudAnswer =
  | CloudLogin
  /** Nothing here names an identity of that cloud; a clause. */
  | { readonly type: "no-identity"; readonly words: string }
  /** The cloud knows the identity and says no; its words, cleaned. */
  | { readonly type: "refused"; readonly words: string }
  /** Nobody could be asked; a clause. */
  | { readonly type: "unreachable"; readonly words: string };

export interface CloudQuestion {
  /** `HOST` or `HOST:PORT`. */
  readonly registry: string;
  /** Names the identity, as each cloud's own libraries read it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}
