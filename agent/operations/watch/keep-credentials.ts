import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { Gateway } from "../../cluster/gateway-contract.ts";
import type { KubectlSettings } from "../../cluster/kubectl.ts";
import { namespacePath } from "../../cluster/namespaces.ts";
import { composeFile } from "../../credentials/compose-file.ts";
import type { Credential, CredentialSource, LoadedConfig } from "../../credentials/model.ts";
import type { Report } from "../../events.ts";
import type { Notice } from "../../model.ts";
import { pause } from "../../util/pause.ts";
import { judgeCredentials, refusalOf } from "../judge-credentials.ts";
import { loadCredentials } from "../load-credentials.ts";
import { causeOf } from "./cause-of.ts";
import type { FreshOptions } from "./model.ts";
import { firstEndMs, refreshDelay } from "./refresh-time.ts";

interface SourceOptions {
  readonly source: CredentialSource;
  readonly registryCa?: string;
  readonly strict?: boolean;
  /** Throws where credentials can't be sent, for a reason of their reader's. */
  readonly refuse?: (config: LoadedConfig) => void;
  readonly kubectl: KubectlSettings;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/**
 * The first credentials of a watch.
 *
 * @throws {PullcastError} PC6xx: without a first good answer nothing is known to be right
 */
export async function loadFirst(options: SourceOptions): Promise<LoadedConfig> {
  const config = await loadCredentials(options.source, options);
  const { problems, notices } = judgeCredentials(config, new Date());
  const refusal = refusalOf(problems, options.strict === true);
  if (refusal !== undefined) throw refusal;
  options.refuse?.(config);
  for (const notice of notices) options.report({ type: "notice", notice });
  return config;
}

interface KeepOptions extends SourceOptions, FreshOptions {
  /** What was loaded first; it is told, and kept. */
  readonly first: LoadedConfig;
  /** For Secrets of the cluster. */
  readonly gateway: Gateway;
  /** Called with credentials that differ from the ones before. */
  readonly onCredentials: (config: LoadedConfig) => void;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Between tries after a failure: they begin so, and grow to a part of the life that is left, and to a minute. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
const PART_OF_REST = 1 / 20;
/** A source whose credentials are not known to end is asked anew now and then: a helper may have others. */
const UNKNOWN_END_MS = 60 * 60_000;
/** What is told of a Secret while nobody can be asked. */
const UNKNOWN = "unknown";

/**
 * Keeps credentials fresh until `signal` aborts: asks the source when it has changed, and at a part of the life of what
 * ends first. While it can't be asked, the last good ones stay. What of it can't be fetched is kept as it was.
 */
export async function keepCredentials(options: KeepOptions): Promise<void> {
  const { signal, first } = options;
  let last = first;
  let mark = await markOf(options, last);
  let failures = 0;
  let waitMs = nextDelay(options, first);
  tell(options, first, { changed: true, waitMs });
  for (;;) {
    await waitForChange(options, { last, mark, until: Date.now() + waitMs });
    if (signal.aborted) return;
    mark = await markOf(options, last);
    try {
      const config = await loadOnce(options, last);
      failures = config.unfetched.length > 0 ? failures + 1 : 0;
      waitMs = Math.min(
        nextDelay(options, config),
        failures > 0 ? retryDelay(failures, config) : Number.POSITIVE_INFINITY,
      );
      const changed = config.digest !== last.digest;
      tell(options, config, { changed, waitMs });
      last = config;
      if (changed) options.onCredentials(config);
    } catch (error) {
      if (signal.aborted) return;
      const cause = causeOf(error);
      failures += 1;
      waitMs = retryDelay(failures, last);
      tellFailed(options, { cause, failures, last, waitMs });
    }
  }
}

/** How long good credentials are kept before the source is asked anew, ms. */
function nextDelay({ refreshAt, random = Math.random }: KeepOptions, config: LoadedConfig): number {
  const delay = refreshDelay(config.credentials, { now: Date.now(), part: refreshAt, random });
  return delay ?? UNKNOWN_END_MS;
}

/** @throws {PullcastError} PC6xx where the source is unusable or nothing of it is sound */
async function loadOnce(options: KeepOptions, last: LoadedConfig): Promise<LoadedConfig> {
  const loaded = await loadCredentials(options.source, { ...options, tellUnfetched: true });
  const config = withLastGood(loaded, last);
  const { problems, notices } = judgeCredentials({ ...config, unfetched: [] }, new Date());
  const refusal = refusalOf(problems, options.strict === true);
  if (refusal !== undefined) throw refusal;
  options.refuse?.(config);
  if (config.digest !== last.digest) {
    for (const notice of notices) options.report({ type: "notice", notice });
  }
  return config;
}

/** A push without what can't be fetched now would take it away from nodes that have it. */
function withLastGood(config: LoadedConfig, last: LoadedConfig): LoadedConfig {
  const missing = new Set(config.unfetched.flatMap(({ key }) => key ?? []));
  const kept = last.credentials.filter(({ key }) => missing.has(key));
  if (kept.length === 0) return config;
  return { ...config, ...composeFile([...config.credentials, ...kept]) };
}

function tell(
  options: KeepOptions,
  config: LoadedConfig,
  { changed, waitMs }: { readonly changed: boolean; readonly waitMs: number },
): void {
  const now = Date.now();
  options.report({
    type: "credentials-loaded",
    source: config.source,
    changed,
    entries: config.credentials.map((one) => ({ key: one.key, ...endOf(one, now) })),
    nextAt: new Date(now + waitMs).toISOString(),
    kept: config.unfetched.map(({ code, message }): Notice => ({ code, message })),
  });
}

function endOf(credential: Credential, now: number): { readonly expiresAt?: string } {
  const end = firstEndMs([credential], now);
  return end === undefined ? {} : { expiresAt: new Date(end).toISOString() };
}

function tellFailed(
  options: KeepOptions,
  {
    cause,
    failures,
    last,
    waitMs,
  }: {
    readonly cause: Notice;
    readonly failures: number;
    readonly last: LoadedConfig;
    readonly waitMs: number;
  },
): void {
  const end = firstEndMs(last.credentials, Date.now());
  options.report({
    type: "credentials-failed",
    cause,
    failures,
    ...(end === undefined ? {} : { lastGoodUntil: new Date(end).toISOString() }),
    nextAt: new Date(Date.now() + waitMs).toISOString(),
  });
}

function retryDelay(failures: number, config: LoadedConfig): number {
  const now = Date.now();
  const end = firstEndMs(config.credentials, now);
  const rest = end === undefined || end <= now ? LAST_RETRY_MS : (end - now) * PART_OF_REST;
  const bound = Math.min(LAST_RETRY_MS, Math.max(FIRST_RETRY_MS, rest));
  return Math.min(bound, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
}

interface Waiting {
  readonly last: LoadedConfig;
  /** Of the source as it was loaded. */
  readonly mark: string;
  readonly until: number;
}

/** Waits until it is time, or until the source is another one. */
async function waitForChange(options: KeepOptions, { last, mark, until }: Waiting) {
  const { signal, reloadMs } = options;
  while (!signal.aborted) {
    const left = until - Date.now();
    if (left <= 0) return;
    if (!(await pause(Math.min(left, reloadMs), signal))) return;
    const seen = await markOf(options, last);
    if (seen !== mark && !seen.includes(UNKNOWN)) return;
  }
}

/** What changes where the source does, as far as that can be seen without asking it. */
async function markOf({ source, gateway }: KeepOptions, last: LoadedConfig): Promise<string> {
  const { inputs = [] } = source;
  // An ambient source is known by its path, now that it was found.
  const found = inputs.length === 0 ? [last.source] : [];
  const files = [...inputs.flatMap((one) => (one.type === "file" ? [one.path] : [])), ...found];
  const marks = await Promise.all([
    ...files.filter((path) => isAbsolute(path)).map(fileMark),
    ...inputs.flatMap((one) => (one.type === "secret" ? [secretMark(gateway, one)] : [])),
  ]);
  return marks.join("\n");
}

async function fileMark(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "none";
  }
}

async function secretMark(
  gateway: Gateway,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  try {
    const path = `${namespacePath(namespace)}/secrets/${encodeURIComponent(name)}`;
    const { status, body } = await gateway.request("GET", path);
    const { metadata } = body as { readonly metadata?: { readonly resourceVersion?: string } };
    return `${status} ${metadata?.resourceVersion}`;
  } catch {
    // The API server is away: that is no change of the Secret.
    return UNKNOWN;
  }
}
