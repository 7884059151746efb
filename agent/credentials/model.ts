import type { CloudAnswer } from "../cloud/model.ts";
import type { Code } from "../errors.ts";
import type { NodeConfig, Notice, Problem } from "../model.ts";
import type { Secret } from "../secret.ts";

/** One source that was asked for by name; of several, a later one wins for the same key. */
export type SourceInput =
  /** docker's config.json, containers' auth.json or a legacy .dockercfg: told apart by their shape. */
  | { readonly type: "file"; readonly path: string }
  /** The same, on standard input. */
  | { readonly type: "stdin" }
  /** A Secret of the type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg. */
  | { readonly type: "secret"; readonly namespace: string; readonly name: string }
  /** One login, its password on standard input. */
  | { readonly type: "login"; readonly registry: string; readonly username: string }
  /** What a cloud's registry gives for the identity of this machine or pod. */
  | { readonly type: "cloud"; readonly registry: string };

/** Where credentials come from, and which of them leave this machine. */
export interface CredentialSource {
  /** At most one may read standard input. None: the first ambient source that exists. */
  readonly inputs?: readonly SourceInput[];
  /** Globs of keys or hosts: only these are sent. */
  readonly only?: readonly string[];
  /** Globs of keys or hosts that are not sent. */
  readonly except?: readonly string[];
  /** Send all that `credsStore` holds, not only what stands in the file. */
  readonly allFromStore?: boolean;
  /** Reads standard input to its end, at most `limitBytes`. */
  readonly readStdin: (limitBytes: number) => Promise<Uint8Array>;
  /** Names ambient sources, and is handed to credential helpers. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

/** Bytes of a source, and its name for people: a path, `standard input`, `secret NAMESPACE/NAME`, … */
export interface RawSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly warnings: readonly Notice[];
}

/** A user and a password as a kubelet sends them. */
export interface Login {
  readonly type: "login";
  /** Decoded for people; bytes that are no UTF-8 show as U+FFFD. */
  readonly username: string;
  /** Padded base64 of the bytes `user:password`. */
  readonly auth: Secret<string>;
  /** Set where registries will likely refuse it; nothing secret. */
  readonly doubt?: string;
  /** A token stands beside it, which docker would use instead. */
  readonly hasToken?: boolean;
  /** When it ends, where who gave it told; RFC 3339. */
  readonly expiresAt?: string;
}

/** What stands under one key of a source. */
export type EntryContent =
  | Login
  /** Only a token for the registry's token service, which kubelets don't send. */
  | { readonly type: "identity-token"; readonly token: Secret<string> }
  /** `docker-credential-NAME` knows it; `setting` is what names the helper. */
  | {
      readonly type: "helper";
      readonly name: string;
      readonly setting: "credHelpers" | "credsStore";
    }
  /** The cloud that the registry belongs to gives one for an identity. */
  | { readonly type: "cloud" }
  /** Nothing that a kubelet could send, and why: a clause, nothing secret. */
  | { readonly type: "unusable"; readonly reason: string };

/** One entry as it stands in its source. */
export interface SourceEntry {
  /** As written; of `user:password@host`, which is never usable, only the host. */
  readonly key: string;
  /** The source's name. */
  readonly source: string;
  readonly content: EntryContent;
}

/** One source, read. */
export interface CredentialDocument {
  readonly source: string;
  /** In the order of the source, one for each key. */
  readonly entries: readonly SourceEntry[];
  /** `credsStore`, where it is set. */
  readonly store?: string;
  readonly warnings: readonly Notice[];
}

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
  /** How long such credentials live from their issue (`12h`), where the end itself is not told. */
  readonly lifetime?: string;
}

/** One entry of a source that is not sent. */
export interface LeftOut {
  /** As it may be shown. */
  readonly key: string;
  readonly source: string;
  readonly code: Code;
  /** A clause; nothing secret. */
  readonly why: string;
}

/** The file for the nodes, and how it came about. */
export interface LoadedConfig extends NodeConfig {
  /** What the file holds, in its order. */
  readonly credentials: readonly Credential[];
  readonly leftOut: readonly LeftOut[];
  /** What should be in the file and could not be fetched; empty unless asked for by `tellUnfetched`. */
  readonly unfetched: readonly Problem[];
  /** All entries of all sources after merging, before filter and helpers: for lint. */
  readonly sourceEntries: readonly SourceEntry[];
  /** Whether nobody named a source: it was found. */
  readonly ambient: boolean;
}

/** What an identity token is worth at its registry (see registry/exchange-identity-token.ts). */
export type TokenExchange =
  | { readonly type: "login"; readonly username: string; readonly password: Secret }
  | { readonly type: "refused" | "unreachable"; readonly words: string }
  | { readonly type: "unsupported" };

/** A Secret of the cluster: its type, and the file in it. */
export interface ClusterSecret {
  readonly type: string;
  /** The value of `.dockerconfigjson` or `.dockercfg`, decoded; `undefined` where it has neither. */
  readonly file: Secret<Uint8Array> | undefined;
}

/** What loading needs of other folders; operations pass it in. */
export interface LoadContext {
  /** @returns `undefined` where there is no such Secret */
  readonly readSecret: (namespace: string, name: string) => Promise<ClusterSecret | undefined>;
  readonly exchangeToken: (registry: string, token: Secret) => Promise<TokenExchange>;
  readonly cloudLogin: (registry: string) => Promise<CloudAnswer>;
  /** What can't be fetched now is told beside the rest; else it ends the run. @default false */
  readonly tellUnfetched?: boolean;
  readonly signal: AbortSignal;
}
