import type { Agent, IncomingMessage, request } from "node:http";
import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";
import type { ApiAnswer } from "./gateway-contract.ts";

/** How to reach the proxy, and what it said last. */
export interface Connection {
  readonly socketPath: string;
  readonly agent: Agent;
  /** node:http's: loaded once by whoever reaches a cluster. */
  readonly send: typeof request;
  readonly lastWords: () => string;
}

interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

interface StreamRequest {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

const REQUEST_TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** One object of a watch: the API server's own limit for objects is below 2 MiB. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** Sends one request over the socket; throws PC103, PC105, PC106. */
export async function sendRequest(
  connection: Connection,
  { method, path, body }: ApiRequest,
): Promise<ApiAnswer> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await start(connection, { method, path, body, signal: timeout });
    const text = await readAll(response);
    return { status: response.statusCode ?? 0, body: parseBody(response, text) };
  } catch (error) {
    if (error instanceof PullcastError) throw error;
    if (timeout.aborted) {
      const detail = `${method} ${shortPath(path)} had no answer within 30 s`;
      throw new PullcastError("PC106", { detail, cause: error });
    }
    throw lost(connection, error);
  }
}

/** Streams lines until the server ends or `signal` aborts; throws PC103 to PC105. */
export async function streamEvents(
  connection: Connection,
  { path, signal, onLine }: StreamRequest,
): Promise<void> {
  if (signal.aborted) return;
  try {
    const response = await start(connection, { method: "GET", path, signal });
    if (response.statusCode !== 200) throw await watchRefused(response);
    await readLines(response, onLine);
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof PullcastError ? error : lost(connection, error);
  }
}

interface StartedRequest extends ApiRequest {
  readonly signal: AbortSignal;
}

function start(
  { socketPath, agent, send }: Connection,
  { method, path, body, signal }: StartedRequest,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Accept: "application/json",
    ...(payload === undefined
      ? {}
      : {
          "Content-Type": contentType(method, body),
          "Content-Length": Buffer.byteLength(payload),
        }),
  };
  return new Promise((resolve, reject) => {
    const asked = send({ socketPath, agent, method, path, headers, signal }, resolve);
    asked.on("error", reject);
    asked.end(payload);
  });
}

/** A PATCH is a server-side apply, whose YAML may be JSON; a list is steps of a JSON Patch (RFC 6902). */
function contentType(method: string, body: unknown): string {
  if (method !== "PATCH") return "application/json";
  return Array.isArray(body) ? "application/json-patch+json" : "application/apply-patch+yaml";
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new PullcastError("PC105", { detail: "an answer of the API server exceeds 64 MiB" });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readLines(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE_CHARS) {
      throw new PullcastError("PC105", { detail: "an object of a watch exceeds 16 MiB" });
    }
    for (const line of lines) if (line !== "") onLine(line);
  }
}

function parseBody(response: IncomingMessage, text: string): unknown {
  if (!/\bjson\b/.test(response.headers["content-type"] ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PullcastError("PC105", { detail: "the API server sent broken JSON", cause });
  }
}

async function watchRefused(response: IncomingMessage): Promise<PullcastError> {
  const status = response.statusCode ?? 0;
  return apiRefusal({ status, body: parseBody(response, await readAll(response)) });
}

/**
 * The error that an answer other than the wanted one stands for: PC104 where the user may not, else PC103.
 *
 * @param about - what was asked for, for instance `node worker-1`
 */
export function apiRefusal({ status, body }: ApiAnswer, about?: string): PullcastError {
  const asked = about === undefined ? "" : ` for ${about}`;
  const detail = `HTTP ${status}${asked}: ${apiWords(body)}`;
  return new PullcastError(status === 401 || status === 403 ? "PC104" : "PC103", { detail });
}

/** The message of a Status object or a text, cleaned, on one line. */
export function apiWords(body: unknown): string {
  const message = (body as { message?: unknown } | null | undefined)?.message;
  if (typeof message === "string") return cleanText(message, 400);
  return cleanText(typeof body === "string" ? body : "no message", 400);
}

function lost({ lastWords }: Connection, cause: unknown): PullcastError {
  const words = lastWords();
  const reason = cause instanceof Error ? cause.message : String(cause);
  const detail = `kubectl proxy is gone: ${words === "" ? reason : words}`;
  return new PullcastError("PC103", { detail, cause });
}

function shortPath(path: string): string {
  return cleanText(path.replace(/\?.*/, ""), 120);
}
