import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handler, type HttpsRig, httpsRig } from "./https-rig.ts";

/** A user of the scripted registry; `may` names actions by repository. */
interface ScriptedUser {
  readonly password: string;
  readonly may: Readonly<Record<string, readonly string[]>>;
}

interface Script {
  readonly users: Readonly<Record<string, ScriptedUser>>;
  /** How logins are taken; default `token`. */
  readonly auth?: "basic" | "token";
  /** Whether its tokens tell what they allow; default true. */
  readonly opaque?: boolean;
  /** The realm it names; default its own `/token`. */
  readonly realm?: string;
  /** Comes before all else; true: the request is answered. */
  readonly first?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** DNS names of its certificate. */
  readonly names?: readonly string[];
}

/** Repositories and tags that are there. */
const IMAGES: ReadonlySet<string> = new Set(["/v2/team/app/manifests/1"]);

/**
 * A scripted registry and its token service, no real one: the requests, status codes, headers and bodies of the
 * distribution project's API, token and jwt specifications. Its tokens aren't signed.
 */
export async function scriptedRegistry(script: Script): Promise<HttpsRig> {
  return await httpsRig(handler(script), { names: script.names ?? [] });
}

function handler(script: Script): Handler {
  return (request, response) => {
    if (script.first?.(request, response)) return;
    const url = new URL(request.url ?? "/", `https://${request.headers.host}`);
    if (url.pathname === "/token") answerToken(script, request, { response, url });
    else answerApi(script, request, { response, url });
  };
}

interface Answering {
  readonly response: ServerResponse;
  readonly url: URL;
}

function answerToken(
  script: Script,
  request: IncomingMessage,
  { response, url }: Answering,
): unknown {
  const name = whoIs(script, request);
  if (name === undefined) return deny(response, 401, "incorrect user or password");
  const [, repository = "", asked = ""] =
    /^repository:(.+):(.+)$/.exec(url.searchParams.get("scope") ?? "") ?? [];
  const may = script.users[name]?.may[repository] ?? [];
  const actions = asked.split(",").filter((action) => may.includes(action));
  const access = repository === "" ? [] : [{ type: "repository", name: repository, actions }];
  const token = seal({ sub: name, access });
  return json(response, 200, { token: script.opaque ? sealOpaque(token) : token, expires_in: 300 });
}

function answerApi(
  script: Script,
  request: IncomingMessage,
  { response, url }: Answering,
): unknown {
  const permit = script.auth === "basic" ? basicPermit(script, request) : tokenPermit(request);
  if (permit === undefined) {
    const realm = script.realm ?? `https://${request.headers.host}/token`;
    const challenge =
      script.auth === "basic"
        ? 'Basic realm="scripted"'
        : `Bearer realm="${realm}",service="scripted"`;
    response.setHeader("WWW-Authenticate", challenge);
    return deny(response, 401, "authentication required");
  }
  if (url.pathname === "/v2/") return json(response, 200, {});
  const repository = /^\/v2\/(.+)\/manifests\//.exec(url.pathname)?.[1] ?? "";
  if (!permit(repository)) return deny(response, 403, "requested access is denied");
  if (!IMAGES.has(url.pathname)) return deny(response, 404, "manifest unknown");
  return json(response, 200, { schemaVersion: 2 });
}

type Permit = (repository: string) => boolean;

function basicPermit(script: Script, request: IncomingMessage): Permit | undefined {
  const name = whoIs(script, request);
  if (name === undefined) return undefined;
  return (repository) => script.users[name]?.may[repository]?.includes("pull") ?? false;
}

function tokenPermit(request: IncomingMessage): Permit | undefined {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  const sealed = token.startsWith("opaque-")
    ? Buffer.from(token.slice(7), "hex").toString()
    : token;
  const claims = JSON.parse(Buffer.from(sealed.split(".")[1] ?? "", "base64url").toString()) as {
    access: { name: string; actions: string[] }[];
  };
  return (repository) =>
    claims.access.some(({ name, actions }) => name === repository && actions.includes("pull"));
}

function whoIs({ users }: Script, request: IncomingMessage): string | undefined {
  const base64 = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const [, name = "", password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(base64, "base64").toString()) ?? [];
  return Object.hasOwn(users, name) && users[name]?.password === password ? name : undefined;
}

/** The shape of a JWT, with nothing behind it. */
function seal(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.unsigned`;
}

/** A token that tells nothing, as ghcr.io's and Google's. */
function sealOpaque(token: string): string {
  return `opaque-${Buffer.from(token).toString("hex")}`;
}

const CODES: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 404: "MANIFEST_UNKNOWN" };

/** An error as the API specification has it. */
export function deny(response: ServerResponse, status: number, message: string): unknown {
  return json(response, status, {
    errors: [{ code: CODES[status] ?? "DENIED", message, detail: {} }],
  });
}

function json(response: ServerResponse, status: number, body: object): unknown {
  return response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(JSON.stringify(body));
}
