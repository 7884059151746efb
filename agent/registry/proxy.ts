import type { ClientRequest } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";

/** How this machine reaches the world, from `HTTPS_PROXY` and `NO_PROXY`. */
export interface ProxySettings {
  /** URL of an HTTP proxy (scheme `http` or `https`); it may hold a login and is never shown. */
  readonly httpsProxy?: string;
  /** As Go reads it: hosts, `.domain`, `host:port`, addresses, networks, `*`. */
  readonly noProxy?: string;
}

/** The settings in an environment; lower case wins, as with curl and Go. */
export function proxySettings(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const { https_proxy: lower, HTTPS_PROXY: upper, no_proxy: lowerNo, NO_PROXY: upperNo } = env;
  const httpsProxy = lower || upper;
  const noProxy = lowerNo || upperNo;
  return {
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  };
}

/**
 * The proxy for a URL, or `undefined` where it is asked directly; loopback never goes through one
 * (Go: x/net/http/httpproxy).
 *
 * @throws Error where the proxy's URL is not one; the text doesn't hold it
 */
export function proxyFor(url: URL, { httpsProxy, noProxy }: ProxySettings): URL | undefined {
  if (httpsProxy === undefined || httpsProxy === "" || isExempt(url, noProxy ?? "")) return;
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(httpsProxy)
    ? httpsProxy
    : `http://${httpsProxy}`;
  const proxy = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new Error("HTTPS_PROXY is not the URL of an HTTP proxy");
}

function isExempt(url: URL, noProxy: string): boolean {
  const host = bareHost(url);
  const port = url.port || "443";
  if (host === "localhost" || isLoopback(host)) return true;
  return noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, { host, port }));
}

function matches(entry: string, { host, port }: { host: string; port: string }): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inNetwork(host, entry);
  const [, name = entry, wantedPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = name.replace(/^\[|\]$/g, "").replace(/^\*\./, ".");
  if (isIP(wanted) !== 0) return wanted === host;
  return wanted.startsWith(".") ? host.endsWith(wanted) : isSameOrBelow(host, wanted);
}

function isSameOrBelow(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(host: string, network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}

/** Whether a host, without brackets, is an address of this machine's loopback. */
export function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** The host without brackets, in lower case. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, "").toLowerCase();
}

/** Opens a tunnel to a URL's host through a proxy (RFC 9110, CONNECT). */
export async function openTunnel(proxy: URL, target: URL, signal: AbortSignal): Promise<Socket> {
  const authority = `${target.hostname}:${target.port || "443"}`;
  const asked = await ask(proxy, { authority, signal });
  return await new Promise((resolve, reject) => {
    asked.once("connect", (response, socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      return reject(new Error(`the proxy ${proxy.host} answered HTTP ${response.statusCode}`));
    });
    asked.once("response", (response) => {
      response.destroy();
      reject(new Error(`the proxy ${proxy.host} answered HTTP ${response.statusCode}`));
    });
    asked.once("error", (cause) =>
      reject(new Error(`the proxy ${proxy.host} can't be used: ${cause.message}`, { cause })),
    );
    asked.end();
  });
}

interface ConnectOptions {
  readonly authority: string;
  readonly signal: AbortSignal;
}

async function ask(proxy: URL, { authority, signal }: ConnectOptions): Promise<ClientRequest> {
  const isTls = proxy.protocol === "https:";
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const { request } = isTls ? await import("node:https") : await import("node:http");
  return request({
    method: "CONNECT",
    host: bareHost(proxy),
    port: proxy.port || (isTls ? 443 : 80),
    path: authority,
    agent: false,
    signal,
    headers: {
      Host: authority,
      ...(login === ":"
        ? {}
        : { "Proxy-Authorization": `Basic ${Buffer.from(login).toString("base64")}` }),
    },
  });
}
