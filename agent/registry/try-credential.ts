import type { Secret } from "../secret.ts";
import { asksBasic, type BearerChallenge, parseBearer } from "./challenge.ts";
import { apiUrl, manifestUrl } from "./endpoint.ts";
import { type HttpsAnswer, httpsRequest, type Reach } from "./https-request.ts";
import { MANIFEST_TYPES } from "./manifest.ts";
import { formatReference, type ImageReference } from "./reference.ts";
import { pullScope, requestToken, type TokenAnswer } from "./token.ts";
import { answerWords, errorWords } from "./words.ts";

/** What a registry makes of a login, asked from this machine. */
export interface CredentialTrial {
  /**
   * - `valid`: the registry took the login, and lets it pull the image if one was named and is there
   * - `denied`: the login is wrong, or may not pull the image
   * - `expired`: the registry says so
   * - `unreachable`: no registry answered
   * - `not-tried`: the login was not sent, or the answer tells nothing about it
   */
  readonly result: "valid" | "denied" | "expired" | "unreachable" | "not-tried";
  /** What happened, in a clause; the registry's words cleaned, without any secret. */
  readonly words: string;
  /** Whether the image that was named is there; absent where none was or nobody could tell. */
  readonly image?: "found" | "not-found" | "denied";
  /** Whether the login may push to the image's repository, by the word of the token service. */
  readonly mayPush: boolean | "unknown";
  /** Actions that a cloud says are missing, for instance `ecr:BatchGetImage`. */
  readonly missingActions: readonly string[];
}

/** A login to try. */
export interface CredentialQuestion extends Reach {
  /** `HOST` or `HOST:PORT`; the login goes to it and to the token service that it names, nowhere else. */
  readonly registry: string;
  /** Base64 of `user:password`. */
  readonly auth: Secret;
  /** An image of this registry that the login should be able to pull. */
  readonly image?: ImageReference;
  readonly signal: AbortSignal;
  /** For all requests together; default 15 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Some token services answer 400 to a wrong login (OAuth: `invalid_grant`). */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);
const MAX_REDIRECTS = 3;

/**
 * Tries a login at its registry, by HTTPS: asks who is asked for a login (`GET /v2/`), logs in as that answer
 * says (Basic, or a token of the token service it names), and asks for the image's manifest if one is named
 * (distribution: API and token specifications). The password is sent to nobody that the registry does not
 * name itself, and follows no redirect.
 *
 * @returns a value for whatever the registry or the network does
 * @throws the signal's reason after an abort
 */
export async function tryCredential(question: CredentialQuestion): Promise<CredentialTrial> {
  const timeout = AbortSignal.timeout(question.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = AbortSignal.any([question.signal, timeout]);
  try {
    return await new Trial({ ...question, signal }).run();
  } catch (error) {
    question.signal.throwIfAborted();
    return ended("unreachable", timeout.aborted ? "it did not answer in time" : errorWords(error));
  }
}

/** Who was sent what while one login is tried. */
class Trial {
  readonly #question: CredentialQuestion;
  readonly #api: URL;
  readonly #secrets: readonly string[];

  constructor(question: CredentialQuestion) {
    this.#question = question;
    this.#api = apiUrl(question.registry);
    this.#secrets = secretsOf(question.auth);
  }

  async run(): Promise<CredentialTrial> {
    const { image } = this.#question;
    const ping = await this.#get(this.#api);
    if (ping.status === 401) return await this.#logIn(ping, this.#api);
    if (ping.status !== 200) return notARegistry(ping);
    if (image === undefined) return ended("not-tried", "it asks nobody for a login");
    const url = manifestUrl(image);
    const answer = await this.#get(url);
    if (answer.status === 401) return await this.#logIn(answer, url);
    const words = `it asks nobody for a login; for the image it answered HTTP ${answer.status}`;
    return ended("not-tried", words);
  }

  /** @param asked - the URL whose own answer asks for the login */
  async #logIn(answer: HttpsAnswer, asked: URL): Promise<CredentialTrial> {
    const header = answer.headers["www-authenticate"];
    const challenge = parseBearer(header);
    if (challenge !== undefined) return await this.#byToken({ challenge, asked });
    if (asksBasic(header)) return await this.#byBasic();
    return ended("not-tried", "it asks for a login in a way that kubelets don't know");
  }

  async #byBasic(): Promise<CredentialTrial> {
    const authorization = `Basic ${this.#question.auth.reveal()}`;
    const answer = await this.#get(this.#api, authorization);
    if (answer.status !== 200) return this.#refused(answer);
    const { image } = this.#question;
    if (image === undefined) return ended("valid", "it took the login");
    return await this.#askImage(image, { authorization, mayPush: "unknown" });
  }

  async #byToken(asking: Asking): Promise<CredentialTrial> {
    const login = await this.#token(asking);
    if (login.type === "refused") return this.#refused(login.answer);
    const accepted = await this.#get(this.#api, `Bearer ${login.token}`);
    if (accepted.status !== 200) return this.#refused(accepted);
    const { image } = this.#question;
    if (image === undefined) return ended("valid", "it took the login");
    const pull = await this.#token(asking, pullScope(image.path));
    if (pull.type === "refused") return { ...this.#refused(pull.answer), image: "denied" };
    const mayPush = await this.#mayPush(asking, pullScope(image.path, true));
    return await this.#askImage(image, { authorization: `Bearer ${pull.token}`, mayPush });
  }

  #token({ challenge, asked }: Asking, scope?: string): Promise<TokenAnswer> {
    const { auth, signal } = this.#question;
    return requestToken({
      challenge,
      registry: asked,
      login: { type: "basic", auth },
      ...(scope === undefined ? {} : { scope }),
      reach: this.#question,
      signal,
    });
  }

  /** What a token service grants less than asked for, it leaves out; some refuse instead. */
  async #mayPush(asking: Asking, scope: string): Promise<boolean | "unknown"> {
    const answer = await this.#token(asking, scope);
    if (answer.type === "token") return answer.actions?.includes("push") ?? "unknown";
    const { status } = answer.answer;
    return status === 401 || status === 403 ? false : "unknown";
  }

  async #askImage(image: ImageReference, permit: Permit): Promise<CredentialTrial> {
    const { mayPush } = permit;
    // HEAD is not counted as a pull (Docker Hub), but its refusal has no words.
    let answer = await this.#manifest(image, permit, "HEAD");
    if (answer.status === 401 || answer.status === 403) {
      answer = await this.#manifest(image, permit, "GET");
    }
    const name = formatReference(image);
    if (answer.status === 200) {
      return { ...ended("valid", `it took the login and has ${name}`), image: "found", mayPush };
    }
    if (answer.status === 404) {
      const words = `it took the login, but shows it no ${name}`;
      return { ...ended("valid", words), image: "not-found", mayPush };
    }
    if (answer.status === 401 || answer.status === 403) {
      return { ...this.#refused(answer), image: "denied", mayPush };
    }
    const words = `it took the login, but for ${name} it answered ${this.#words(answer)}`;
    return { ...ended("valid", words), mayPush };
  }

  /** Redirects are followed; the permit stays with the host that asked for it. */
  async #manifest(
    image: ImageReference,
    { authorization }: Permit,
    method: "HEAD" | "GET",
  ): Promise<HttpsAnswer> {
    const first = manifestUrl(image);
    let url = first;
    for (let redirects = 0; ; redirects += 1) {
      const permit = url.origin === first.origin ? authorization : undefined;
      const answer = await this.#get(url, permit, method);
      const { location } = answer.headers;
      if (!isRedirect(answer) || location === undefined) return answer;
      if (redirects === MAX_REDIRECTS) throw new Error("it redirects too often");
      url = new URL(location, url);
    }
  }

  #get(url: URL, authorization?: string, method: "HEAD" | "GET" = "GET"): Promise<HttpsAnswer> {
    return httpsRequest(url, {
      method,
      headers: {
        Accept: url === this.#api ? "application/json" : MANIFEST_TYPES,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      reach: this.#question,
      maxBytes: MAX_BODY_BYTES,
      signal: this.#question.signal,
    });
  }

  #refused(answer: HttpsAnswer): CredentialTrial {
    const { status } = answer;
    const words = this.#words(answer);
    if (status === 429) return ended("not-tried", `it limits the rate of requests: ${words}`);
    if (!REFUSALS.has(status)) return ended("unreachable", `it answered ${words}`);
    const result = /\bexpired\b/i.test(words) ? "expired" : "denied";
    return { ...ended(result, words), missingActions: missingActions(words) };
  }

  #words(answer: HttpsAnswer): string {
    return answerWords(answer, this.#secrets);
  }
}

interface Asking {
  readonly challenge: BearerChallenge;
  /** The URL whose own answer had the challenge. */
  readonly asked: URL;
}

interface Permit {
  readonly authorization: string;
  readonly mayPush: boolean | "unknown";
}

function ended(result: CredentialTrial["result"], words: string): CredentialTrial {
  return { result, words, mayPush: "unknown", missingActions: [] };
}

function notARegistry(answer: HttpsAnswer): CredentialTrial {
  if (isRedirect(answer)) {
    return ended("not-tried", "it redirects elsewhere: no login is sent there");
  }
  return ended("unreachable", `it answered HTTP ${answer.status}, as no registry does`);
}

function isRedirect({ status }: HttpsAnswer): boolean {
  return status >= 301 && status <= 308 && status !== 304;
}

/** IAM names the action in its refusal: `… is not authorized to perform: ecr:BatchGetImage on resource: …`. */
function missingActions(words: string): string[] {
  const found = words.matchAll(/not authorized to perform: (ecr(?:-public)?:[A-Za-z]{1,60})/g);
  return [...new Set([...found].map(([, action = ""]) => action))];
}

/** All that words of the other side might give back. */
function secretsOf(auth: Secret): string[] {
  const base64 = auth.reveal();
  const login = Buffer.from(base64, "base64").toString();
  return [base64, login, login.slice(login.indexOf(":") + 1)];
}
