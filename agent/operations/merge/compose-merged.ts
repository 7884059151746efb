import { composeConfig } from "../../credentials/compose.ts";
import { editFile } from "../../kubelet/edit-file.ts";
import { composeAnswer } from "../../kubelet/provider-answer.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { MergeTerms } from "../../node/compose.ts";
import { isWhollyOurs, type NodeLook } from "../../node/read-look.ts";
import { markOf } from "../../node/story.ts";
import type { Secret } from "../../secret.ts";
import type { Verdict } from "./judge-entries.ts";
import { countingEntries } from "./owned-entries.ts";

interface Composing {
  /** The file to begin with. */
  readonly base: Uint8Array | undefined;
  readonly look: NodeLook;
  readonly verdicts: readonly Verdict[];
  readonly drops: ReadonlySet<number>;
}

/** The bytes of a merged file; `undefined` where the file can't be edited so that a kubelet reads what was planned. */
export function composeMerged({
  base,
  look,
  verdicts,
  drops,
}: Composing): { readonly bytes: Uint8Array; readonly share: MergeTerms["share"] } | undefined {
  const logins = verdicts.flatMap(({ change: { key }, keep }) =>
    keep === undefined ? [] : [{ key, auth: keep }],
  );
  const sorted = [...logins].sort((a, b) => (a.key < b.key ? -1 : 1));
  const isOurs = base === undefined || isWhollyOurs(look);
  // Its form is strict: what others wrote into it is read, and written anew.
  if (look.isAnswer) return { bytes: composeAnswer(sorted), share: isOurs ? "whole" : "part" };
  if (isOurs) return { bytes: composeConfig(sorted), share: "whole" };
  const bytes = editFile(base, {
    remove: new Set(verdicts.flatMap(({ change, keep }) => (keep ? [] : [change.key]))),
    drop: drops,
    set: new Map(
      verdicts.flatMap(({ change: { key }, keep, isNew }) =>
        isNew === true && keep !== undefined ? [[key, keep] as const] : [],
      ),
    ),
  });
  return holds(bytes, logins) ? { bytes, share: "part" } : undefined;
}

/** Whether a kubelet reads these logins in the file and no others. */
function holds(
  bytes: Uint8Array,
  logins: readonly { readonly key: string; readonly auth: Secret<string> }[],
): boolean {
  const reading = readEntries(bytes);
  const wanted = new Map(logins.map(({ key, auth }) => [key, markOf(auth)]));
  const { faults, entries } = reading;
  if (faults.length > 0 || entries.some(({ readable }) => !readable)) return false;
  const counting = countingEntries(reading);
  return (
    counting.length === wanted.size && counting.every(({ key, mark }) => wanted.get(key) === mark)
  );
}
