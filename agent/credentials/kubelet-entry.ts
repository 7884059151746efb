/** What a kubelet would make of one entry of `auths`. */
export type EntryVerdict =
  | {
      readonly type: "kept";
      /** Base64 of `user:password`, padded. Secret. */
      readonly auth: string;
      /** Set where registries will likely refuse it; nothing secret. */
      readonly doubt?: string;
    }
  | { readonly type: "dropped"; readonly reason: string };

const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * Judges one entry by the kubelet's rules: `auth` wins over `username` and `password`; it is base64,
 * padded if it ends in `=`, and holds a colon. An entry that breaks them voids the whole file on the
 * node, so it is dropped here.
 *
 * Source: kubernetes pkg/credentialprovider/config.go (UnmarshalJSON, decodeDockerConfigFieldAuth), 1.35.
 */
export function judgeEntry(entry: unknown): EntryVerdict {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    return dropped("the entry is not an object");
  }
  const { auth, username, password } = fieldsOf(entry);
  if (![auth, username, password].every(isTextOrNothing)) {
    return dropped("auth, username or password is not a string");
  }
  const hasToken = "identitytoken" in entry || "registrytoken" in entry;
  if (auth) return judgePair(decodeAuth(auth as string), hasToken);
  if (username || password) {
    return judgePair(joinPair(username as string, password as string), hasToken);
  }
  return dropped(hasToken ? "it has only a token, which kubelets ignore" : "it has no credentials");
}

function fieldsOf(entry: object): Record<"auth" | "username" | "password", unknown> {
  const own = (name: string) => Object.getOwnPropertyDescriptor(entry, name)?.value as unknown;
  return { auth: own("auth"), username: own("username"), password: own("password") };
}

/** Go reads null as the empty string. */
function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

/** `user:password` in bytes, or why there is none. */
type Pair = Buffer | string;

function judgePair(pair: Pair, hasToken: boolean): EntryVerdict {
  if (typeof pair === "string") return dropped(pair);
  const colon = pair.indexOf(":");
  if (colon === 0) return dropped("the user name is empty");
  if (colon === pair.length - 1) {
    return dropped(
      hasToken ? "it has only a token, which kubelets ignore" : "the password is empty",
    );
  }
  const kept = { type: "kept", auth: pair.toString("base64") } as const;
  const last = pair.at(-1) ?? 0;
  return last < 0x20 ? { ...kept, doubt: "the password ends in a line break or NUL" } : kept;
}

/** Go's decoder skips line breaks, refuses every other foreign character, and lets left-over bits pass. */
function decodeAuth(auth: string): Pair {
  const text = auth.replaceAll(/[\r\n]/g, "");
  const padded = text.endsWith("=");
  const valid = padded
    ? /^[A-Za-z0-9+/]+={1,2}$/.test(text) && text.length % 4 === 0
    : /^[A-Za-z0-9+/]+$/.test(text) && text.length % 4 !== 1;
  if (!valid) return "its auth is not base64";
  const pair = Buffer.from(text, "base64");
  return pair.includes(":") ? pair : "its auth holds no colon";
}

function joinPair(username: string, password: string): Pair {
  if (!username) return "the user name is empty";
  // Joined to user:password, a colon in the name would move to the password.
  if (username.includes(":")) return "the user name holds a colon";
  if (!password) return Buffer.from(`${username}:`);
  if (HALF_CHARACTER.test(username + password)) return "it holds half a character";
  return Buffer.from(`${username}:${password}`);
}

function dropped(reason: string): EntryVerdict {
  return { type: "dropped", reason };
}
