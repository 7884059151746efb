import type { Secret } from "../secret.ts";
import { parseJson } from "../util/parse-json.ts";
import type { BearerChallenge } from "./challenge.ts";
import { grantedActions } from "./grant.ts";
import { type HttpsAnswer, httpsRequest, type Reach } from "./https-request.ts";
import { tokenServiceUrl } from "./realm.ts";

/** Who asks for a token: a stranger, a login (base64 of `user:password`), or an identity token. */
export type TokenLogin =
  | { readonly type: "stranger" }
  | { readonly type: "basic"; readonly auth: Secret }
  | { readonly type: "identity-token"; readonly token: Secret };

interface TokenRequest {
  readonly challenge: BearerChallenge;
  /** The URL whose own answer had the challenge. */
  readonly registry: URL;
  readonly login: TokenLogin;
  /** For instance `repository:team/app:pull`; absent: the login alone is checked. */
  readonly scope?: string;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** A token, or the token service's answer where it gives none. */
export type TokenAnswer =
  | {
      readonly type: "token";
      readonly token: string;
      /** What it allows on the repository of the scope, where it tells. */
      readonly actions?: readonly string[];
    }
  | { readonly type: "refused"; readonly answer: HttpsAnswer };

/** The scope that a pull needs; with `push`, what a push needs as well. */
export function pullScope(repository: string, push = false): string {
  return `repository:${repository}:${push ? "pull,push" : "pull"}`;
}

const MAX_TOKEN_BYTES = 256 * 1024;

/**
 * Asks the token service that a registry names for a token (distribution: token and oauth2 specifications).
 * The login goes to that host alone and to no redirect's.
 *
 * @throws Error with a clause where the service is none that a login may go to, or its answer is none
 */
export async function requestToken(request: TokenRequest): Promise<TokenAnswer> {
  const url = tokenServiceUrl(request.challenge.realm, request.registry);
  const { reach, signal, scope, login } = request;
  const asking = { reach, signal, maxBytes: MAX_TOKEN_BYTES };
  const answer =
    login.type === "identity-token"
      ? await httpsRequest(url, { ...asking, ...byIdentityToken(request, login.token) })
      : await httpsRequest(withQuery(url, request), { ...asking, headers: authorization(login) });
  if (answer.status !== 200) return { type: "refused", answer };
  const body = readBody(answer.body);
  const token = body.token ?? body.access_token;
  const valid = typeof token === "string" && /^[\x21-\x7e]+$/.test(token);
  if (!valid) throw new Error("its token service sent no token");
  const actions = grantedActions({ token, scope: body.scope }, scope);
  return { type: "token", token, ...(actions === undefined ? {} : { actions }) };
}

function withQuery(url: URL, { challenge, scope }: TokenRequest): URL {
  const asked = new URL(url);
  if (challenge.service !== undefined) asked.searchParams.set("service", challenge.service);
  if (scope !== undefined) asked.searchParams.set("scope", scope);
  return asked;
}

function authorization(
  login: Exclude<TokenLogin, { type: "identity-token" }>,
): Readonly<Record<string, string>> {
  return login.type === "basic" ? { Authorization: `Basic ${login.auth.reveal()}` } : {};
}

function byIdentityToken({ challenge, scope }: TokenRequest, token: Secret) {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "pullcast",
    refresh_token: token.reveal(),
    ...(challenge.service === undefined ? {} : { service: challenge.service }),
    ...(scope === undefined ? {} : { scope }),
  });
  return {
    method: "POST" as const,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  };
}

interface TokenBody {
  readonly token?: unknown;
  readonly access_token?: unknown;
  readonly scope?: unknown;
}

function readBody(text: string): TokenBody {
  const body = parseJson(text);
  return typeof body === "object" && body !== null ? body : {};
}
