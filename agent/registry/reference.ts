import { PullcastError } from "../errors.ts";
import { cleanText } from "../util/clean-text.ts";

/** An image reference in its full form. */
export interface ImageReference {
  /** Host, with `:PORT` where given: `docker.io`, `reg.example:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository below the domain: `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  /** `sha256:…`. */
  readonly digest?: string;
}

// Written so that it takes linear time: a domain has no limit of length.
const LABEL = "[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*";
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
/** distribution/reference's limit for the path; before 0.6 (kubelets up to 1.31) for registry and path. */
const MAX_PATH = 255;

/**
 * Reads an image reference as the kubelet does (distribution/reference, ParseNormalizedNamed):
 * `app:1` is `docker.io/library/app:1`; a first part is a registry if it has a dot, a colon,
 * a capital letter, or is `localhost`.
 *
 * @throws PullcastError PC701 with what is wrong
 */
export function parseReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text))
    throw refused(text, "64 hex digits name an image ID, not a repository");
  const at = text.indexOf("@");
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const named = at === -1 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const { domain, path } = splitDomain(tagged ? named.slice(0, colon) : named);
  const tag = tagged ? named.slice(colon + 1) : undefined;
  const fault = faultOfName(domain, path);
  if (fault !== undefined) throw refused(text, fault);
  if (tag !== undefined && !TAG.test(tag)) throw refused(text, "the tag is not one");
  if (digest !== undefined && !isDigest(digest)) throw refused(text, "the digest is not one");
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Registry and path alone, which is what credentials are looked up by. */
export function repositoryOf({ domain, path }: ImageReference): string {
  return `${domain}/${path}`;
}

/** The full text of a reference. */
export function formatReference(reference: ImageReference): string {
  const { tag, digest } = reference;
  const withTag = tag === undefined ? "" : `:${tag}`;
  return `${repositoryOf(reference)}${withTag}${digest === undefined ? "" : `@${digest}`}`;
}

/** The same repository at a digest, without a tag. */
export function withDigest({ domain, path }: ImageReference, digest: string): ImageReference {
  return { domain, path, digest };
}

/** With the tag that one without tag and digest means. */
export function withTag(reference: ImageReference): ImageReference {
  return reference.digest === undefined && reference.tag === undefined
    ? { ...reference, tag: "latest" }
    : reference;
}

/** Whether the reference means `latest`, said or not. */
export function isLatest({ tag, digest }: ImageReference): boolean {
  return digest === undefined && (tag === undefined || tag === "latest");
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, slash);
  const isDomain =
    slash !== -1 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const domain = isDomain ? first.replace(/^index\.docker\.io$/, "docker.io") : "docker.io";
  const path = isDomain ? name.slice(slash + 1) : name;
  return { domain, path: domain === "docker.io" && !path.includes("/") ? `library/${path}` : path };
}

function faultOfName(domain: string, path: string): string | undefined {
  // What is no domain may still stand there as a part of the path: an underscore in a host's name passes.
  const isHost = DOMAIN.test(domain);
  if (!isHost && !PATH_PART.test(domain)) return "the registry is no host name";
  const badPart = path.split("/").find((part) => !PATH_PART.test(part));
  if (badPart !== undefined) return whyBadPart(badPart);
  const limited = isHost ? path : `${domain}/${path}`;
  return limited.length > MAX_PATH ? "the name is too long" : undefined;
}

function isDigest(digest: string): boolean {
  const [, algorithm = "", hex = ""] = /^([a-z0-9]+):([a-f0-9]+)$/.exec(digest) ?? [];
  return Object.hasOwn(DIGEST_LENGTHS, algorithm) && hex.length === DIGEST_LENGTHS[algorithm];
}

function whyBadPart(part: string): string {
  if (part === "") return "a part of the repository is empty";
  return /[A-Z]/.test(part) ? "a repository has no capital letters" : "the repository is not one";
}

function refused(text: string, why: string): PullcastError {
  return new PullcastError("PC701", { detail: `"${cleanText(text, 120)}": ${why}` });
}

/** The registry of a repository in full, `HOST` or `HOST:PORT`. */
export function domainOf(repository: string): string {
  return repository.slice(0, repository.indexOf("/"));
}
