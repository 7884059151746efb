import type { Secret } from "../secret.ts";

/** `config.json` has its entries under `auths`; `.dockercfg` is the entries alone. */
export type KubeletFileFormat = "config.json" | ".dockercfg";

/** How a kubelet would read a file. */
export interface KubeletReadOptions {
  /** @default config.json */
  readonly format?: KubeletFileFormat;
  /** The kubelet's, as nodes report it (`v1.33.4`) or its line alone (`1.30`). @default the newest */
  readonly version?: string;
}

interface EntryPlace {
  /** As written in the file. */
  readonly key: string;
  /** Names of fields the kubelet doesn't know, as written: `identitytoken`, `registrytoken`, … */
  readonly others: readonly string[];
  /** A later entry with the very same key counts in its place, or `auths: null` emptied the list. */
  readonly replaced?: true;
}

/** One entry judged on its own; one that can't be read voids the whole file, replaced or not. */
export type EntryReading = EntryPlace &
  (
    | {
        readonly readable: true;
        /** Decoded for people, empty where there is none; the exact bytes are in `auth`. */
        readonly username: string;
        readonly password: Secret<string>;
        /** Padded base64 of the bytes `user:password`. */
        readonly auth: Secret<string>;
      }
    | { readonly readable: false; readonly why: string }
  );

/** All entries of a file, and what is wrong with the file itself. */
export interface FileReading {
  readonly entries: readonly EntryReading[];
  /** Each voids the file; nothing secret. */
  readonly faults: readonly string[];
}

/** One entry as the kubelet decodes it. */
export interface KubeletEntry {
  /** As written in the file. */
  readonly key: string;
  /** What the kubelet makes of the key: host, port and path without scheme. */
  readonly registry: string;
  /** Decoded for people, empty where there is none; the exact bytes are in `auth`. */
  readonly username: string;
  /** The same of the password. */
  readonly password: Secret<string>;
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
