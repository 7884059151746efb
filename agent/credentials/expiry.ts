import { ACR_HOST, ACR_USER } from "../acr.ts";
import type { Secret } from "../secret.ts";
import { ownField } from "../util/own-field.ts";
import { parseJson } from "../util/parse-json.ts";
import type { CredentialKind, Expiry } from "./model.ts";

/** What is known of a login. */
export interface Login {
  /** A key of `auths`, in whatever form. */
  readonly key: string;
  readonly username: string;
  /** Base64 of `user:password`. */
  readonly auth: Secret<string>;
}

/** What a password is and when it ends. */
export interface Lifespan {
  readonly kind: CredentialKind;
  readonly expiresAt: Expiry;
  /** How long such credentials live from their issue, where the end itself is not told. */
  readonly lifetime?: string;
}

/** One kind of credential: `undefined` where a login is none of it. */
type Recognizer = (login: Plain) => Lifespan | undefined;

interface Plain {
  /** In small letters, without port. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

const GCP_TOKEN_USERS: readonly string[] = ["oauth2accesstoken", "_dcgcloud_token"];
const GCP_KEY_USERS: readonly string[] = ["_json_key", "_json_key_base64"];
/** RFC 3339 has four digits for a year. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** In order: the first that knows a login speaks. */
const RECOGNIZERS: readonly Recognizer[] = [
  serviceAccountKey,
  googleAccessToken,
  ecrToken,
  acrRefreshToken,
  anyJwt,
];

/**
 * What a password is and when it ends, as far as its own form tells. A token is read, never verified: a
 * false end can only make pullcast refuse what would be refused anyway, or say nothing.
 *
 * Sources: RFC 7519 (`exp`); Amazon ECR, GetAuthorizationToken (12 hours); Artifact Registry,
 * authentication (access token: 60 minutes; service account key: none); Azure Container Registry,
 * `az acr login --expose-token` (refresh token, 3 hours).
 */
export function lifespanOf({ key, username, auth }: Login): Lifespan {
  const login = Buffer.from(auth.reveal(), "base64").toString();
  const password = login.slice(login.indexOf(":") + 1);
  const plain = { host: hostOf(key), username, password };
  for (const recognize of RECOGNIZERS) {
    const found = recognize(plain);
    if (found !== undefined) return found;
  }
  return { kind: "password", expiresAt: "unknown" };
}

function serviceAccountKey({ username }: Plain): Lifespan | undefined {
  if (!GCP_KEY_USERS.includes(username)) return undefined;
  return { kind: "gcp-service-account-key", expiresAt: "never" };
}

function googleAccessToken({ host, username }: Plain): Lifespan | undefined {
  if (!GCP_TOKEN_USERS.includes(username) || !/(^|\.)(gcr\.io|pkg\.dev)$/.test(host)) {
    return undefined;
  }
  // Nothing in an opaque access token tells when it was issued.
  return { kind: "gcp-access-token", expiresAt: "unknown", lifetime: "1h" };
}

/** A private registry's host may be written with wildcards; the dual-stack hosts have a dash. */
function ecrToken({ host, username, password }: Plain): Lifespan | undefined {
  const isEcr = /\.dkr[.-]ecr(-fips)?\./.test(host) || host === "public.ecr.aws";
  if (username !== "AWS" || !isEcr) return undefined;
  const end = endOf(ownField(parseBase64Json(password), "expiration"));
  return end === undefined
    ? { kind: "ecr-token", expiresAt: "unknown", lifetime: "12h" }
    : { kind: "ecr-token", expiresAt: end };
}

function acrRefreshToken({ host, username, password }: Plain): Lifespan | undefined {
  if (username !== ACR_USER || !ACR_HOST.test(host)) return undefined;
  const end = endOf(ownField(jwtClaims(password), "exp"));
  return end === undefined
    ? { kind: "acr-refresh-token", expiresAt: "unknown", lifetime: "3h" }
    : { kind: "acr-refresh-token", expiresAt: end };
}

function anyJwt({ password }: Plain): Lifespan | undefined {
  const claims = jwtClaims(password);
  if (claims === undefined) return undefined;
  return { kind: "jwt", expiresAt: endOf(ownField(claims, "exp")) ?? "unknown" };
}

/** The claims of a signed token (RFC 7519); `undefined` for a text that is none. */
function jwtClaims(text: string): unknown {
  const [header, claims, signature, ...rest] = text.split(".");
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  if (rest.length > 0 || ownField(parseBase64Json(header), "alg") === undefined) return undefined;
  return parseBase64Json(claims);
}

/** Takes both alphabets of base64, padded or not; a password may be anything else. */
function parseBase64Json(text: string): unknown {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  return parseJson(Buffer.from(text, "base64").toString());
}

/** RFC 3339 of seconds since 1970; `undefined` for what is no time of this millennium. */
function endOf(seconds: unknown): string | undefined {
  if (typeof seconds !== "number" || seconds <= 0 || seconds * 1000 > LAST_MS) return undefined;
  return new Date(Math.floor(seconds) * 1000).toISOString();
}

function hostOf(key: string): string {
  const [authority = ""] = key.replace(/^[a-z]+:\/\//i, "").split("/");
  return authority.replace(/:\d*$/, "").toLowerCase();
}
