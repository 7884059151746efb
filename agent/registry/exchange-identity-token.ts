import { ACR_HOST, ACR_USER } from "../acr.ts";
import type { Secret } from "../secret.ts";
import { parseBearer } from "./challenge.ts";
import { apiUrl } from "./endpoint.ts";
import { httpsRequest, type Reach } from "./https-request.ts";
import { requestToken } from "./token.ts";
import { answerWords, errorWords } from "./words.ts";

/** What became of an identity token. */
export type ExchangeAnswer =
  /** A login that a kubelet can use. */
  | { readonly type: "login"; readonly username: string; readonly password: Secret }
  /** The token service did not take it; its words, cleaned, without the token. */
  | { readonly type: "refused"; readonly words: string }
  /** This registry's identity tokens are no passwords: nothing was asked. */
  | { readonly type: "unsupported" }
  /** Nobody could be asked; a clause. */
  | { readonly type: "unreachable"; readonly words: string };

export interface ExchangeQuestion extends Reach {
  /** `HOST` or `HOST:PORT`; the token goes to it alone. */
  readonly registry: string;
  readonly identityToken: Secret;
  readonly signal: AbortSignal;
  /** For all requests together; default 15 s. */
  readonly timeoutMs?: number;
}

/** As docker login asks, then as Azure documents it: which one is refused depends on the user's roles. */
const SCOPES = [{}, { scope: "registry:catalog:*" }] as const;
const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Makes of an identity token a user and a password, where the registry takes it as one: Azure's refresh token is
 * the password of the user 0…0. Before that it is proven at the registry's own token service (`POST /oauth2/token`,
 * `grant_type=refresh_token`), so that a token that has ended is told here and not by nodes.
 *
 * @returns a value for whatever the registry or the network does
 * @throws the signal's reason after an abort
 */
export async function exchangeIdentityToken(question: ExchangeQuestion): Promise<ExchangeAnswer> {
  if (!ACR_HOST.test(question.registry)) return { type: "unsupported" };
  const timeout = AbortSignal.timeout(question.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = AbortSignal.any([question.signal, timeout]);
  try {
    return await prove({ ...question, signal });
  } catch (error) {
    question.signal.throwIfAborted();
    const words = timeout.aborted ? "it did not answer in time" : errorWords(error);
    return { type: "unreachable", words };
  }
}

async function prove(question: ExchangeQuestion): Promise<ExchangeAnswer> {
  const { registry, identityToken, signal } = question;
  const api = apiUrl(registry);
  const asking = { reach: question, signal };
  const ping = await httpsRequest(api, { ...asking, headers: {}, maxBytes: MAX_BODY_BYTES });
  const challenge = parseBearer(ping.headers["www-authenticate"]);
  if (ping.status !== 401 || challenge === undefined) {
    return {
      type: "unreachable",
      words: `it answered HTTP ${ping.status} and named no token service`,
    };
  }
  let refusal = "";
  for (const scope of SCOPES) {
    const login = { type: "identity-token", token: identityToken } as const;
    const answer = await requestToken({ challenge, registry: api, login, ...scope, ...asking });
    if (answer.type === "token") {
      return { type: "login", username: ACR_USER, password: identityToken };
    }
    refusal = answerWords(answer.answer, [identityToken.reveal()]);
  }
  return { type: "refused", words: refusal };
}
