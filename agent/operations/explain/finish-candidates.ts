import { lifespanOf } from "../../credentials/expiry.ts";
import { fingerprint } from "../../credentials/fingerprint.ts";
import type { Problem } from "../../model.ts";
import { problem } from "../../problem.ts";
import type { FoundCandidate } from "./findings.ts";
import type { ExplainedCandidate } from "./model.ts";

interface Finished {
  readonly candidates: readonly ExplainedCandidate[];
  /** Those that have ended. */
  readonly problems: readonly Problem[];
}

/**
 * Adds to each candidate its end and, where a salt is known, its fingerprint; takes the login away.
 *
 * @param salt - the cluster's UID: only there do fingerprints compare
 */
export async function finishCandidates(
  found: readonly FoundCandidate[],
  { salt, now }: { readonly salt: string | undefined; readonly now: Date },
): Promise<Finished> {
  const candidates = await Promise.all(
    found.map(async ({ login, ...shown }): Promise<ExplainedCandidate> => {
      if (login === undefined) return shown;
      return {
        ...shown,
        ...(salt === undefined ? {} : { fingerprint: await fingerprint(login, salt) }),
        expiresAt: lifespanOf(login).expiresAt,
      };
    }),
  );
  const ended = candidates.filter(({ expiresAt = "" }) => Date.parse(expiresAt) <= now.getTime());
  return {
    candidates,
    problems: ended.map(({ key, expiresAt, source }) =>
      problem("PC670", "error", { key, detail: `${key} of ${source} at ${expiresAt}` }),
    ),
  };
}
