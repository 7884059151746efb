import { Secret } from "../secret.ts";
import { decodeGoBase64 } from "../util/go-base64.ts";
import { field, isObject } from "./json-object.ts";
import type { EntryContent, Login } from "./model.ts";

type Unusable = Extract<EntryContent, { type: "unusable" }>;

const EMPTY_PASSWORD = "the password is empty";

/**
 * Judges one entry by the kubelet's rules: `auth` wins over `username` and `password`; it is base64,
 * padded if it ends in `=`, and holds a colon. An entry that breaks them voids the whole file on the
 * node, so it is never sent.
 *
 * Source: kubernetes pkg/credentialprovider/config.go (UnmarshalJSON, decodeDockerConfigFieldAuth), 1.35.
 *
 * @returns `undefined` for an entry that holds nothing, as docker leaves it beside a `credsStore`
 */
export function judgeEntry(entry: unknown): Exclude<EntryContent, { type: "helper" }> | undefined {
  if (!isObject(entry)) return unusable("the entry is not an object");
  const [auth, username, password] = ["auth", "username", "password"].map((name) =>
    field(entry, name),
  );
  if (![auth, username, password].every(isTextOrNothing)) {
    return unusable("auth, username or password is not a string");
  }
  const login = judgeFields({ auth, username, password } as EntryFields);
  if (login?.type === "login") {
    const hasToken = Boolean(field(entry, "identitytoken") || field(entry, "registrytoken"));
    return hasToken ? { ...login, hasToken } : login;
  }
  const token = field(entry, "identitytoken");
  // Azure's login writes a user with an empty password beside the token.
  const noPassword = login === undefined || login.reason === EMPTY_PASSWORD;
  if (noPassword && typeof token === "string" && token !== "") {
    return { type: "identity-token", token: new Secret(token) };
  }
  if (noPassword && field(entry, "registrytoken")) {
    return unusable("it has only a registry token, which kubelets ignore");
  }
  return login;
}

interface EntryFields {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

function judgeFields({ auth, username, password }: EntryFields): Login | Unusable | undefined {
  if (auth) {
    const pair = decodeGoBase64(auth);
    if (pair === undefined) return unusable("its auth is not base64");
    return pair.includes(":") ? judgePair(pair) : unusable("its auth holds no colon");
  }
  return username || password ? makeLogin(username ?? "", password ?? "") : undefined;
}

/** The login of a name and a password, or why kubelets can't send it. */
export function makeLogin(username: string, password: string): Login | Unusable {
  if (!username) return unusable("the user name is empty");
  // Joined to user:password, a colon in the name would move to the password.
  if (username.includes(":")) return unusable("the user name holds a colon");
  if (!(username + password).isWellFormed()) return unusable("it holds half a character");
  return judgePair(Buffer.from(`${username}:${password}`));
}

/** `pair` is `user:password` in bytes. */
function judgePair(pair: Buffer): Login | Unusable {
  const colon = pair.indexOf(":");
  if (colon === 0) return unusable("the user name is empty");
  if (colon === pair.length - 1) return unusable(EMPTY_PASSWORD);
  const login: Login = {
    type: "login",
    username: pair.subarray(0, colon).toString(),
    auth: new Secret(pair.toString("base64")),
  };
  const last = pair.at(-1) ?? 0;
  return last < 0x20 ? { ...login, doubt: "the password ends in a line break or NUL" } : login;
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function unusable(reason: string): Unusable {
  return { type: "unusable", reason };
}
