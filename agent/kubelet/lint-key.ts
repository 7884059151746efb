import type { Problem } from "../model.ts";
import { problem } from "../problem.ts";
import { withoutLogin } from "../util/without-login.ts";
import { splitHost } from "./host-port.ts";
import { DEFAULT_REGISTRY } from "./look-up.ts";
import { type MatchKey, matchKeyOf } from "./normalize-key.ts";
import { rulesOf } from "./rules.ts";
import { type RepositoryOf, servedImage } from "./served-image.ts";

/** A key that serves images, and one of them. */
export interface ServingKey {
  readonly match: MatchKey;
  /** Registry and path in full. */
  readonly image: string;
}

export interface KeyFindings {
  readonly problems: readonly Problem[];
  /** Absent for a key that no image can match. */
  readonly serving?: ServingKey;
}

/** Whose rules count, and how an image reference is read. */
export interface LintContext {
  readonly repositoryOf: RepositoryOf;
  /** The kubelet's; newest if absent. */
  readonly version?: string;
}

/** Docker Hub by names that its images never have. */
const HUB_HOSTS: ReadonlySet<string> = new Set([
  "registry-1.docker.io",
  "registry.docker.io",
  "registry.hub.docker.com",
  "index.docker.com",
  "hub.docker.com",
  "auth.docker.io",
  "login.docker.com",
  "www.docker.com",
]);
const HUB_FIX = "write https://index.docker.io/v1/";
/** What docker may append to a registry's address. */
const API_PATHS: ReadonlySet<string> = new Set(["/v1", "/v2"]);
const USUAL_PORTS: ReadonlySet<string> = new Set(["443", "80"]);

/** What a kubelet makes of one key: what it serves, and what its writer may have meant instead. */
export function lintKey(raw: string, { repositoryOf, version }: LintContext): KeyFindings {
  const key = withoutLogin(raw);
  const rules = rulesOf(version);
  const match = matchKeyOf(raw, rules);
  const login = key === raw ? [] : [problem("PC669", "warning", { key, detail: key })];
  const image = "why" in match ? undefined : servedImage(match, { rules, repositoryOf });
  if ("why" in match || image === undefined) {
    return { problems: [...login, never(key, match)] };
  }
  const { address } = match;
  const about = { key, host: address.host, path: address.path, image };
  const found = [hub(about), port(about), capitals(about), path(about), ...wildcards(about)];
  const problems = found.filter((one) => one !== undefined);
  return { problems: [...login, ...problems], serving: { match, image } };
}

interface About {
  readonly key: string;
  readonly host: string;
  readonly path: string;
  /** One that the key serves. */
  readonly image: string;
}

function never(key: string, match: ReturnType<typeof matchKeyOf>): Problem {
  const isHub = !("why" in match) && match.address.host === DEFAULT_REGISTRY;
  if (isHub) {
    const detail = `${key}: Docker Hub's key has no path`;
    return problem("PC654", "warning", { key, detail, fix: HUB_FIX });
  }
  return problem("PC654", "warning", { key, detail: `${key || '""'}: ${whyNever(key, match)}` });
}

/** The likeliest reason in people's words: that none matches is certain, why is a guess at what was meant. */
function whyNever(key: string, match: ReturnType<typeof matchKeyOf>): string {
  if (key === "") return "it is empty";
  if (/\s/.test(key)) return "it holds a space";
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(key) ?? [];
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    return "the only schemes are http:// and https://, in small letters";
  }
  if ("why" in match) return match.why;
  const { host, path } = match.address;
  const { labels } = splitHost(host);
  if (/[*?]/.test(path)) return "a path takes no wildcard";
  if (/[A-Z]/.test(path)) return "a repository has no capital letters";
  if (/[:@]/.test(path)) return "tag and digest are no part of a key";
  if (labels.includes("")) return "a part of its host is empty";
  if (labels.length === 1 && !host.includes(":")) {
    return "a first part without dot and port is no registry but a path on Docker Hub";
  }
  return "no image reference can name it";
}

function hub({ key, host }: About): Problem | undefined {
  const { labels, port: given } = splitHost(host.toLowerCase());
  const name = labels.join(".");
  const isHub = HUB_HOSTS.has(name) || (name === DEFAULT_REGISTRY && given !== "");
  return isHub ? problem("PC656", "warning", { key, detail: key }) : undefined;
}

function port({ key, host, image }: About): Problem | undefined {
  const { port: given } = splitHost(host);
  if (!USUAL_PORTS.has(given)) return undefined;
  return problem("PC657", "warning", { key, detail: `${key} serves ${image}` });
}

function capitals({ key, host, image }: About): Problem | undefined {
  if (!/[A-Z]/.test(host)) return undefined;
  return problem("PC658", "warning", { key, detail: `${key} serves ${image}` });
}

/** Docker compares hosts alone; containers' auth.json compares whole parts of a path. */
function path({ key, host, path: given, image }: About): Problem | undefined {
  if (given === "") return undefined;
  if (API_PATHS.has(given) || /^https?:/.test(key)) {
    const detail = `${key} serves ${image}, not the rest of ${host}`;
    return problem("PC655", "warning", { key, detail, fix: `write ${host}` });
  }
  if (given.endsWith("/")) return undefined;
  const detail = `${key} serves ${host}${given}-b as it serves ${host}${given}`;
  const fix = `write ${key}/ if all below it is meant`;
  return problem("PC662", "warning", { key, detail, fix });
}

function wildcards({ key, host }: About): Problem[] {
  const { labels } = splitHost(host);
  const isWild = labels.map((label) => /[*?]/.test(label));
  if (!isWild.includes(true)) return [];
  const parts = labels.length === 1 ? "1 part" : `${labels.length} parts`;
  const count = problem("PC665", "warning", { key, detail: `${key} serves hosts of ${parts}` });
  const strangers = problem("PC664", "warning", { key, detail: key });
  return [
    ...(labels.length === 1 || labels.some((label) => label.includes("**")) ? [count] : []),
    // Whoever registers a domain that fits is sent the password.
    ...(labels.length > 1 && isWild.slice(-2).includes(true) ? [strangers] : []),
  ];
}
