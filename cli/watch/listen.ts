import { createServer, type Server, type ServerResponse } from "node:http";
import { usageError } from "../usage-error.ts";
import type { Health } from "./health.ts";
import type { WatchMetrics } from "./metrics.ts";

/** Where a watch answers. */
export interface ListenAddress {
  /** Absent: all addresses. */
  readonly host?: string;
  readonly port: number;
}

/**
 * `PORT` is of this machine alone, `:PORT` of all its addresses, `HOST:PORT` or `[IPV6]:PORT` of one.
 *
 * @throws {PullcastError} PC001
 */
export function parseListen(text: string): ListenAddress {
  const [, , six, host, digits = ""] =
    /^((?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535) {
    throw usageError(
      `--listen: ${JSON.stringify(text.slice(0, 80))} is no address`,
      "write PORT, :PORT or HOST:PORT",
    );
  }
  const named = six ?? host;
  if (named === undefined) return { host: "127.0.0.1", port };
  return named === "" ? { port } : { host: named, port };
}

interface ListenOptions {
  readonly address: ListenAddress;
  readonly health: Health;
  readonly metrics: WatchMetrics;
}

/** A server of health and metrics. */
export interface Listening {
  /** Where it is, for people. */
  readonly at: string;
  close(): Promise<void>;
}

/**
 * Answers `/healthz`, `/readyz` and `/metrics`; nothing secret is in any of them.
 *
 * @throws {PullcastError} PC001 where the address can't be had
 */
export async function listen({ address, health, metrics }: ListenOptions): Promise<Listening> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/\?.*/, "");
    if (request.method !== "GET" && request.method !== "HEAD")
      return answer(response, 405, "GET only");
    if (path === "/healthz") return probe(response, health.unhealthy);
    if (path === "/readyz") return probe(response, health.unready);
    if (path !== "/metrics") return answer(response, 404, "no such path");
    metrics.registry.metrics().then(
      (text) => answer(response, 200, { text, type: metrics.registry.contentType }),
      () => answer(response, 500, "the metrics can't be told"),
    );
  });
  // Whoever opens connections and says nothing must not fill the process.
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await started(server, address);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return {
    at: `${address.host ?? "*"}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function started(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        usageError(`--listen: ${error.message}`, "choose another port, or end what listens there"),
      ),
    );
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve());
  });
}

function probe(response: ServerResponse, fault: string | undefined): void {
  answer(response, fault === undefined ? 200 : 503, fault ?? "ok");
}

function answer(
  response: ServerResponse,
  status: number,
  body: string | { readonly text: string; readonly type: string },
): void {
  const { text, type } = typeof body === "string" ? { text: body, type: "text/plain" } : body;
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(text.endsWith("\n") ? text : `${text}\n`);
}
