import type { Code } from "../../errors.ts";
import type { PullResult } from "../../model.ts";

/** What a failed pull's words mean. */
export interface PullFailure {
  readonly result: PullResult;
  readonly code: Code;
}

const DENIED: PullFailure = { result: "denied", code: "PC401" };
const DENIED_OR_MISSING: PullFailure = { result: "denied-or-missing", code: "PC403" };
const NOT_FOUND: PullFailure = { result: "not-found", code: "PC404" };
const RATE_LIMITED: PullFailure = { result: "rate-limited", code: "PC429" };
const TLS: PullFailure = { result: "tls", code: "PC460" };
const UNREACHABLE: PullFailure = { result: "unreachable", code: "PC461" };
const NO_PLATFORM: PullFailure = { result: "no-platform", code: "PC702" };
const DISK: PullFailure = { result: "disk", code: "PC703" };
const UNPROVEN: PullFailure = { result: "unproven", code: "PC507" };

/** An HTTP status as containerd, docker and CRI-O write it; never a bare number. */
const status = (code: string, words: string) =>
  new RegExp(
    `\\b${code} ${words}|status(?: code)?(?: \\[[^\\]]*\\])?:? ${code}\\b|HTTP ${code}\\b`,
    "i",
  );

/** First match decides: a cause below the registry's answer comes before it. */
const TABLE: readonly (readonly [RegExp, PullFailure])[] = [
  [/no space left on device|disk quota exceeded/i, DISK],
  [/toomanyrequests|too many requests|rate limit|pull limit/i, RATE_LIMITED],
  [status("429", "Too Many"), RATE_LIMITED],
  [/TLS handshake timeout|i\/o timeout|context deadline exceeded|Client\.Timeout/i, UNREACHABLE],
  [/no such host|server misbehaving|connection (?:refused|reset)|broken pipe/i, UNREACHABLE],
  [/no route to host|network is unreachable|proxyconnect/i, UNREACHABLE],
  [/x509:|tls: |certificate|gave HTTP response to HTTPS client/i, TLS],
  [/no basic auth credentials|incorrect username or password/i, DENIED],
  [/does not exist or may require|pull access denied/i, DENIED_OR_MISSING],
  [status("401", "Unauthorized"), DENIED],
  [status("403", "Forbidden"), DENIED],
  [/\bunauthorized\b|\bdenied\b|\bforbidden\b|insufficient_scope|authentication required/i, DENIED],
  [/authorization failed|invalid username\/password/i, DENIED],
  [
    /no match for platform|no matching manifest for|exec format error|no image found in .* for arch/i,
    NO_PLATFORM,
  ],
  [/manifest unknown|NAME_UNKNOWN|name unknown|not found|repository name not known/i, NOT_FOUND],
  [status("404", "Not Found"), NOT_FOUND],
  [status("5\\d\\d", "(?:Internal|Bad|Service|Gateway)"), UNREACHABLE],
  [/RegistryUnavailable|\bdial (?:tcp|udp)\b|\bEOF\b/i, UNREACHABLE],
];

/**
 * Sorts the words of a failed pull: containerd 1.6 to 2, docker and CRI-O.
 *
 * @param message - as the kubelet shows it in the container's status or in an event
 * @param image - the reference that was pulled: its own letters must not decide
 */
export function classifyPullFailure(message: string, image: string): PullFailure {
  const words = withoutNames(message, image);
  return TABLE.find(([pattern]) => pattern.test(words))?.[1] ?? UNPROVEN;
}

/** Drops quoted references and URLs, and the image's name where it is not quoted. */
function withoutNames(message: string, image: string): string {
  const name = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const plain = message
    .replaceAll(/\\?"[^"]*"/g, " ")
    .replaceAll(/https?:\/\/\S+/g, " ")
    .replaceAll(image, " ");
  // The name alone is dropped with what hangs on it: a tag or a digest.
  const parts = plain.split(name);
  return parts.map((part, index) => (index === 0 ? part : part.replace(/^[:@]\S*/, ""))).join(" ");
}
