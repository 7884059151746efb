/** Why a key can't be a registry's address; the kubelet parses it as a URL. */
export function keyFault(key: string): string | undefined {
  if (key === "") return "the registry's name is empty";
  // What knows the classes of all characters takes a millisecond to make.
  if (!/^[!-~]+$/.test(key) && /[\s\p{Cc}\p{Surrogate}]/u.test(key)) {
    return "the registry's name holds a space or control character";
  }
  if (withoutScheme(key).includes("@")) return "the registry's name holds a login";
  return undefined;
}

/** A key as it may be shown: a login in it may hold a password. */
export function shownKey(key: string): string {
  if (key === "") return '""';
  // All of it may belong to `user:password@host`: a password may hold a slash as well.
  const address = withoutScheme(key);
  const login = address.lastIndexOf("@");
  return login < 0 ? key : address.slice(login + 1);
}

/**
 * The registry that a key means, `HOST` or `HOST:PORT` in lower case, without scheme, path and the usual port;
 * Docker Hub's names are one.
 */
export function registryOf(key: string): string {
  const [authority = ""] = withoutScheme(key).split("/");
  const host = authority.toLowerCase().replace(/:443$/, "");
  return HUB.has(host) ? "docker.io" : host;
}

const HUB: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/** `host/path` of a key. */
export function withoutScheme(key: string): string {
  return key.replace(/^[a-z]+:\/\//i, "");
}
