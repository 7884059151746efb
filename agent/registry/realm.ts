import { isIP } from "node:net";
import { bareHost } from "./proxy.ts";

/**
 * Where a registry sends clients for a token. A token service on a host of its own is normal
 * (`registry-1.docker.io` → `auth.docker.io`), so the host may differ; a login may go there because the registry
 * itself, which the login belongs to, names it over TLS. What no token service is, is refused: plain HTTP,
 * a URL with a login, an address or `localhost` where the registry is something else (as oras-go since 2.6.1,
 * CVE-2026-48978).
 *
 * @param registry - the URL whose own answer had the realm, redirects not followed
 * @throws Error with a clause
 */
export function tokenServiceUrl(realm: string, registry: URL): URL {
  if (!URL.canParse(realm)) throw new Error("its token service has no URL");
  const url = new URL(realm);
  // A message that connections without TLS end with as well.
  if (url.protocol !== "https:") throw new Error("it is not https");
  if (url.username !== "" || url.password !== "") {
    throw new Error("its token service's URL holds a login");
  }
  const host = bareHost(url);
  const isMachine = isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost");
  if (isMachine && host !== bareHost(registry)) {
    throw new Error(`it names the address ${url.host} as its token service`);
  }
  return url;
}
