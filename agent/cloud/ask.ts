import { readFile } from "node:fs/promises";
import { type HttpsAnswer, httpsRequest, plainHttpRequest } from "../registry/https-request.ts";
import { answerWords, errorWords } from "../registry/words.ts";
import { ownField } from "../util/own-field.ts";
import { parseJson } from "../util/parse-json.ts";
import type { CloudAnswer, CloudQuestion } from "./model.ts";

const MAX_BYTES = 256 * 1024;

/** Ends an exchange with what is to be said of it. */
export class CloudFailure extends Error {
  readonly answer: Exclude<CloudAnswer, { type: "login" }>;

  constructor(
    words: string,
    { type, cause }: ErrorOptions & { readonly type: CloudFailure["answer"]["type"] },
  ) {
    super(words, { cause });
    this.answer = { type, words };
  }
}

interface Post {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** What was sent: an answer that repeats it is not shown. */
  readonly secrets: readonly string[];
}

type Asking = Pick<CloudQuestion, "reach" | "signal">;

/**
 * Posts to a cloud's token service.
 *
 * @throws {CloudFailure} unless it answers 200
 */
export async function post(
  { url, body, secrets, headers }: Post,
  asking: Asking,
): Promise<HttpsAnswer> {
  const answer = await reached(url, () =>
    httpsRequest(url, {
      ...{ method: "POST", body, maxBytes: MAX_BYTES, ...asking },
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
    }),
  );
  return accepted(answer, url, secrets);
}

/**
 * Asks the service beside this machine or pod that vouches for it: by plain HTTP where its address is link-local or
 * this machine's own, which no proxy is in between, else by HTTPS.
 *
 * @throws {CloudFailure} unless it answers 200
 */
export async function askBeside(
  url: URL,
  {
    method = "GET",
    headers,
    secrets = [],
  }: {
    readonly method?: "GET" | "PUT";
    readonly headers: Readonly<Record<string, string>>;
    readonly secrets?: readonly string[];
  },
  { reach, signal }: Asking,
): Promise<HttpsAnswer> {
  const asked =
    url.protocol === "https:" && method === "GET"
      ? () => httpsRequest(url, { headers, reach, signal, maxBytes: MAX_BYTES })
      : () => plainHttpRequest(url, { method, headers, signal, maxBytes: MAX_BYTES });
  return accepted(await reached(url, asked), url, secrets);
}

async function reached(url: URL, ask: () => Promise<HttpsAnswer>): Promise<HttpsAnswer> {
  try {
    return await ask();
  } catch (error) {
    throw new CloudFailure(`${url.host}: ${errorWords(error)}`, {
      type: "unreachable",
      cause: error,
    });
  }
}

function accepted(answer: HttpsAnswer, url: URL, secrets: readonly string[]): HttpsAnswer {
  if (answer.status === 200) return answer;
  const type = answer.status === 429 || answer.status >= 500 ? "unreachable" : "refused";
  throw new CloudFailure(`${url.host}: ${answerWords(answer, secrets)}`, { type });
}

/**
 * A field of an answer that must be text.
 *
 * @throws {CloudFailure} where it is not there
 */
export function textField({ body }: HttpsAnswer, name: string, url: URL): string {
  const value = ownField(parseJson(body), name);
  if (typeof value === "string" && value !== "") return value;
  throw new CloudFailure(`${url.host}: its answer has no ${name}`, { type: "unreachable" });
}

/** When an answer's `expires_in`, in seconds, is over; `undefined` where it tells none. */
export function endOfAnswer({ body }: HttpsAnswer): { readonly expiresAt?: string } {
  const seconds = Number(ownField(parseJson(body), "expires_in"));
  if (!(seconds > 0 && seconds < 366 * 24 * 3600)) return {};
  return { expiresAt: new Date(Date.now() + seconds * 1000).toISOString() };
}

/**
 * Reads the file that an identity stands in; it is renewed by others, so it is read each time.
 *
 * @throws {CloudFailure} where it can't be read
 */
export async function readIdentity(path: string, setting: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new CloudFailure(`${setting}=${path}: ${errorWords(error)}`, {
      type: "no-identity",
      cause: error,
    });
  }
}

/** A URL that an environment or a file names. */
export function namedUrl(text: string, setting: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new CloudFailure(`${setting} is no URL`, { type: "no-identity" });
}
