import type { Secret } from "../secret.ts";

/** `config.json` has its entries under `auths`; `.dockercfg` is the entries alone. */
export type KubeletFileFormat = "config.json" | ".dockercfg";

/** One entry as the kubelet decodes it. */
export interface KubeletEntry {
  /** As written in the file. */
  readonly key: string;
  /** What the kubelet makes of the key: host, port and path without scheme. */
  readonly registry: string;
  /** Decoded for people; the exact bytes are in `auth`. */
  readonly username: string;
  /** Padded base64 of the bytes `user:password`. */
  readonly auth: Secret<string>;
}

/** An entry that can never serve a pull, and why; nothing secret. */
export interface IgnoredEntry {
  readonly key: string;
  readonly why: string;
}

/** A file as the kubelet reads it: void as a whole, or entries in the order of the file. */
export type KubeletFile =
  | {
      readonly valid: true;
      readonly entries: readonly KubeletEntry[];
      readonly ignored: readonly IgnoredEntry[];
    }
  | { readonly valid: false; readonly why: string; readonly key?: string };

/** What the kubelet would try for one image, in its order. */
export interface KubeletLookup {
  /** What the reference is matched as, for instance `docker.io/library/app`; absent where it can't be parsed. */
  readonly repository?: string;
  readonly candidates: readonly KubeletEntry[];
  /** Entries that don't serve this image, and why. */
  readonly passedOver: readonly IgnoredEntry[];
}
