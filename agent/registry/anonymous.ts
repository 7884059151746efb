import { type BearerChallenge, parseBearer } from "./challenge.ts";
import { manifestUrl } from "./endpoint.ts";
import { type HttpsAnswer, httpsRequest, type Reach } from "./https-request.ts";
import { MANIFEST_TYPES, readManifestSize } from "./manifest.ts";
import type { ImageReference } from "./reference.ts";
import { pullScope, requestToken } from "./token.ts";
import { errorWords } from "./words.ts";

/** What a registry answers to somebody without credentials. */
export type AnonymousAnswer =
  | { readonly result: "public" /** Bytes to pull. */; readonly sizeBytes?: number }
  | { readonly result: "denied" }
  | { readonly result: "not-found" }
  /** It could not be asked from here; the reason is a clause. */
  | {
      readonly result: "unknown";
      readonly reason: string;
      /** `true` where this machine doesn't trust the registry's CA. */
      readonly untrusted?: true;
    };

interface AskOptions extends Reach {
  readonly signal: AbortSignal;
  /** For all requests together; default 15 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECTS = 3;

interface Asking {
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/**
 * Asks a registry for an image's manifest from this machine, by HTTPS, as a stranger: no credentials
 * are read or sent; a token is asked for without a login where the registry offers one.
 *
 * @returns a value for whatever the registry or the network does
 * @throws the signal's reason after an abort
 */
export async function askAnonymously(
  reference: ImageReference,
  options: AskOptions,
): Promise<AnonymousAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const asking = { reach: options, signal: AbortSignal.any([options.signal, timeout]) };
  try {
    const answer = await getManifest(reference, asking);
    const { status } = answer;
    if (status === 200) return await publicAnswer(reference, answer, asking);
    if (status === 401 || status === 403) return { result: "denied" };
    if (status === 404) return { result: "not-found" };
    return { result: "unknown", reason: `it answered HTTP ${status}` };
  } catch (error) {
    options.signal.throwIfAborted();
    if (timeout.aborted) return { result: "unknown", reason: "it did not answer in time" };
    const unknown = { result: "unknown", reason: errorWords(error) } as const;
    return isUntrusted(error) ? { ...unknown, untrusted: true } : unknown;
  }
}

/** What a CA of one's own mends (OpenSSL's names: x509_vfy.h); an expired certificate or another's is no such case. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function isUntrusted(error: unknown): boolean {
  return error instanceof Error && "code" in error && UNTRUSTED.has(String(error.code));
}

async function publicAnswer(
  reference: ImageReference,
  answer: HttpsAnswer,
  asking: Asking,
): Promise<AnonymousAnswer> {
  let size = readManifestSize(answer.body);
  if ("lookAt" in size) {
    const { domain, path } = reference;
    const one = await getManifest({ domain, path, digest: size.lookAt }, asking).catch(
      () => undefined,
    );
    size = one?.status === 200 ? readManifestSize(one.body) : { unknown: true };
  }
  return "bytes" in size ? { result: "public", sizeBytes: size.bytes } : { result: "public" };
}

async function getManifest(reference: ImageReference, asking: Asking): Promise<HttpsAnswer> {
  let url = manifestUrl(reference);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await getAsStranger(url, { reference, asking });
    const { location } = answer.headers;
    if (answer.status < 301 || answer.status > 308 || location === undefined) return answer;
    if (redirects === MAX_REDIRECTS) throw new Error("it redirects too often");
    url = new URL(location, url);
  }
}

interface StrangerOptions {
  readonly reference: ImageReference;
  readonly asking: Asking;
}

/** Asks plainly, then with a token that anybody gets; a token goes only to the host that asked for it. */
async function getAsStranger(
  url: URL,
  { reference, asking }: StrangerOptions,
): Promise<HttpsAnswer> {
  const options = { ...asking, maxBytes: MAX_MANIFEST_BYTES };
  const plain = await httpsRequest(url, { ...options, headers: { Accept: MANIFEST_TYPES } });
  if (plain.status !== 401) return plain;
  const challenge = parseBearer(plain.headers["www-authenticate"]);
  if (challenge === undefined) return plain;
  const token = await anonymousToken(url, challenge, { reference, asking });
  if (token === undefined) return plain;
  const headers = { Accept: MANIFEST_TYPES, Authorization: `Bearer ${token}` };
  return await httpsRequest(url, { ...options, headers });
}

/** A token without a login, or `undefined` where strangers get none. */
async function anonymousToken(
  registry: URL,
  challenge: BearerChallenge,
  { reference, asking }: StrangerOptions,
): Promise<string | undefined> {
  const scope = challenge.scope ?? pullScope(reference.path);
  const login = { type: "stranger" } as const;
  const answer = await requestToken({ challenge, registry, login, scope, ...asking });
  if (answer.type === "token") return answer.token;
  const { status } = answer.answer;
  if (status === 401 || status === 403) return undefined;
  throw new Error(`its token service answered HTTP ${status}`);
}
