import type { Inspection } from "../model.ts";
import { judgeCredentials, refusalOf } from "./judge-credentials.ts";
import { loadCredentials } from "./load-credentials.ts";
import type { InspectOptions } from "./options.ts";
import { findSalt, summarizeCredentials } from "./summarize-credentials.ts";

/**
 * Tells what a push would send, without sending it: each credential with its kind, end and fingerprint, what
 * is left out, what can't be fetched now, and every problem. Needs no cluster; without one there are no fingerprints.
 *
 * @throws {PullcastError} PC6xx where nothing of the sources can be sent; PC10x where a Secret can't be read
 */
export async function inspect(options: InspectOptions): Promise<Inspection> {
  const { signal } = options;
  const [config, salt] = await Promise.all([
    loadCredentials(options.source, { ...options, tellUnfetched: true }),
    findSalt({ ...options, hostsOnly: false }),
  ]);
  if (typeof salt !== "string") options.report({ type: "notice", notice: salt });
  const { problems } = judgeCredentials(config, options.now ?? new Date());
  const known = typeof salt === "string" ? salt : undefined;
  return {
    kind: "Inspection",
    source: config.source,
    result: refusalOf(problems, options.strict === true) === undefined ? "sound" : "refused",
    sizeBytes: config.sizeBytes,
    credentials: await summarizeCredentials(config.credentials, known, signal),
    leftOut: config.leftOut,
    problems,
  };
}
