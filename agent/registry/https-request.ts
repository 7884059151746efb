import type { IncomingHttpHeaders, IncomingMessage, request as plainRequest } from "node:http";
import type { RequestOptions, request as tlsRequest } from "node:https";
import { bareHost, openTunnel, type ProxySettings, proxyFor } from "./proxy.ts";

/** How this machine reaches registries. */
export interface Reach {
  /** PEM of a CA to trust besides the usual ones. */
  readonly ca?: string;
  readonly proxy?: ProxySettings;
}

/** One request; its headers may carry a login, so the caller vouches for the URL's host. */
export interface HttpsOptions {
  /** Default GET. */
  readonly method?: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly reach: Reach;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request by HTTPS, no redirect followed; throws what node:https throws, or an Error for a body over the limit. */
export async function httpsRequest(url: URL, options: HttpsOptions): Promise<HttpsAnswer> {
  const { method = "GET", body, reach, signal } = options;
  if (url.protocol !== "https:") throw new Error("it is not https");
  const headers = {
    "User-Agent": "pullcast",
    ...options.headers,
    ...(body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
  };
  const how = { method, headers, signal, ...(await route(url, reach, signal)) };
  // Loaded where something is asked: with TLS it takes 3 ms, and a push asks no registry.
  const { request } = await import("node:https");
  return await send(request, url, { ...how, maxBytes: options.maxBytes, body });
}

/**
 * One request by plain HTTP, past all proxies: for what answers on this machine or its link alone.
 *
 * @throws what node:http throws, or an Error for a body over the limit
 */
export async function plainHttpRequest(
  url: URL,
  options: Pick<HttpsOptions, "headers" | "maxBytes" | "signal"> & { readonly method: string },
): Promise<HttpsAnswer> {
  const { request } = await import("node:http");
  return await send(request, url, options);
}

/**
 * The same, with the answer's body as it comes. Whoever asks must read it to its end or destroy it.
 *
 * @throws what node:https throws
 */
export async function httpsOpen(
  url: URL,
  { headers, reach, signal }: Pick<HttpsOptions, "headers" | "reach" | "signal">,
): Promise<IncomingMessage> {
  if (url.protocol !== "https:") throw new Error("it is not https");
  const how = {
    headers: { "User-Agent": "pullcast", ...headers },
    signal,
    ...(await route(url, reach, signal)),
  };
  const { request } = await import("node:https");
  return await new Promise((resolve, reject) => {
    request(url, how, resolve).on("error", reject).end();
  });
}

/** What is left to say of TLS: trust, and the way through a proxy. */
async function route(url: URL, { ca, proxy }: Reach, signal: AbortSignal): Promise<RequestOptions> {
  const { connect, rootCertificates } = await import("node:tls");
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  const through = proxyFor(url, proxy ?? {});
  if (through === undefined) return trust;
  const socket = await openTunnel(through, url, signal);
  const host = bareHost(url);
  // No servername for an address: TLS knows names only.
  const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
  return {
    createConnection: () => connect({ ...trust, ...name, socket, host }),
    // Without an agent, Node takes 80 for usual and says so in the Host header.
    defaultPort: 443,
  };
}

function send(
  ask: typeof tlsRequest | typeof plainRequest,
  url: URL,
  {
    maxBytes,
    body,
    ...how
  }: RequestOptions & { readonly maxBytes: number; readonly body?: string | undefined },
): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const asked = ask(url, how, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) asked.destroy(new Error(`the answer exceeds ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
