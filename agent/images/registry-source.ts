import type { IncomingMessage } from "node:http";
import { asksBasic, type BearerChallenge, parseBearer } from "../registry/challenge.ts";
import { apiUrl } from "../registry/endpoint.ts";
import { httpsOpen, type Reach } from "../registry/https-request.ts";
import { MANIFEST_TYPES } from "../registry/manifest.ts";
import type { ImageReference } from "../registry/reference.ts";
import { pullScope, requestToken, type TokenLogin } from "../registry/token.ts";
import { errorWords } from "../registry/words.ts";
import type { Secret } from "../secret.ts";
import { type ReadBlob, SourceFailure } from "./source.ts";

interface RegistrySourceOptions {
  readonly reference: ImageReference;
  /** Base64 of `user:password`, in the order in which a kubelet would try them. */
  readonly logins: readonly Secret[];
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 5;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * Reads one repository of a registry: each login in turn, last as a stranger (distribution: API and token
 * specifications). A login goes to the registry and to the token service that it names, and follows no redirect.
 */
export class RegistrySource {
  readonly #options: RegistrySourceOptions;
  readonly #logins: readonly TokenLogin[];
  /** How the login that worked is told. */
  #authorization: string | undefined;
  #chosen: TokenLogin | undefined;

  constructor(options: RegistrySourceOptions) {
    this.#options = options;
    const { logins } = options;
    this.#logins = [
      ...logins.map((auth): TokenLogin => ({ type: "basic", auth })),
      { type: "stranger" },
    ];
  }

  /**
   * The bytes of a manifest or an index, and its type.
   *
   * @param name - a tag or a digest
   * @throws {SourceFailure}
   */
  async manifest(name: string): Promise<ReadBlob> {
    const { reference } = this.#options;
    const url = apiUrl(reference.domain, `${reference.path}/manifests/${name}`);
    const answer = await this.#open(url, { Accept: MANIFEST_TYPES });
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer) {
        size += (chunk as Buffer).length;
        if (size > MAX_MANIFEST_BYTES) throw new Error("the manifest is too large");
        chunks.push(chunk as Buffer);
      }
    } catch (cause) {
      throw failure(url, cause);
    }
    const mediaType = String(answer.headers["content-type"] ?? "").split(";")[0] ?? "";
    return { bytes: Buffer.concat(chunks), mediaType };
  }

  /**
   * A blob as it comes, from a byte on; the answer tells whether it begins there (206) or at the first byte (200).
   *
   * @throws {SourceFailure}
   */
  async blob(digest: string, from = 0): Promise<IncomingMessage> {
    const { reference } = this.#options;
    const url = apiUrl(reference.domain, `${reference.path}/blobs/${digest}`);
    return await this.#open(url, from === 0 ? {} : { Range: `bytes=${from}-` });
  }

  async #open(url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const first = await this.#ask(url, headers);
    if (first.statusCode !== 401) return this.#accepted(url, first);
    // Without a login, with one that is over, or one that may not read this.
    first.destroy();
    const header = first.headers["www-authenticate"];
    for (const login of this.#chosen === undefined ? this.#logins : [this.#chosen]) {
      const authorization = await this.#authorize(login, { header, url });
      if (authorization === undefined) continue;
      this.#authorization = authorization;
      const answer = await this.#ask(url, headers);
      if (answer.statusCode !== 401 && answer.statusCode !== 403) {
        this.#chosen = login;
        return this.#accepted(url, answer);
      }
      answer.destroy();
    }
    throw new SourceFailure(`${url.host} lets none of the credentials read it`, { type: "denied" });
  }

  async #authorize(
    login: TokenLogin,
    { header, url }: { readonly header: string | undefined; readonly url: URL },
  ): Promise<string | undefined> {
    const challenge = parseBearer(header);
    if (challenge !== undefined) return await this.#byToken(login, { challenge, url });
    return asksBasic(header) && login.type === "basic" ? `Basic ${login.auth.reveal()}` : undefined;
  }

  async #byToken(
    login: TokenLogin,
    { challenge, url }: { readonly challenge: BearerChallenge; readonly url: URL },
  ): Promise<string | undefined> {
    const { reference, reach, signal } = this.#options;
    try {
      const scope = pullScope(reference.path);
      const answer = await requestToken({ challenge, registry: url, login, scope, reach, signal });
      return answer.type === "token" ? `Bearer ${answer.token}` : undefined;
    } catch (cause) {
      throw failure(url, cause);
    }
  }

  async #ask(url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { reach, signal } = this.#options;
    let asked = url;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const isOwn = asked.host === url.host;
      const login =
        isOwn && this.#authorization !== undefined ? { Authorization: this.#authorization } : {};
      const answer = await httpsOpen(asked, {
        headers: { ...headers, ...login },
        reach,
        signal,
      }).catch((cause: unknown) => {
        throw failure(asked, cause);
      });
      const { location } = answer.headers;
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0);
      if (!isRedirect || location === undefined) return answer;
      answer.destroy();
      asked = new URL(location, asked);
    }
    throw new SourceFailure(`${url.host} redirects again and again`, { type: "unreachable" });
  }

  #accepted(url: URL, answer: IncomingMessage): IncomingMessage {
    const { statusCode: status = 0 } = answer;
    if (status === 200 || status === 206) return answer;
    answer.destroy();
    if (status === 404)
      throw new SourceFailure(`${url.host} does not have it`, { type: "not-found" });
    const type = status === 401 || status === 403 ? "denied" : "unreachable";
    throw new SourceFailure(`${url.host} answered HTTP ${status}`, { type });
  }
}

function failure(url: URL, cause: unknown): SourceFailure {
  if (cause instanceof SourceFailure) return cause;
  return new SourceFailure(`${url.host}: ${errorWords(cause)}`, { type: "unreachable", cause });
}
