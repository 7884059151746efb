import type { IgnoredEntry, KubeletEntry } from "../../kubelet/model.ts";
import type { Problem } from "../../model.ts";
import { withoutLogin } from "../../util/without-login.ts";
import { lookUpImage } from "../kubelet-lookup.ts";
import type { ExplainedCandidate, ExplainedIgnored } from "./model.ts";

/** A candidate with its login, which must not be shown; a plugin's is not known. */
export interface FoundCandidate extends ExplainedCandidate {
  readonly login?: KubeletEntry;
}

/** What one source of credentials adds to an explanation. */
export interface Findings {
  readonly candidates: readonly FoundCandidate[];
  readonly ignored: readonly ExplainedIgnored[];
  readonly problems: readonly Problem[];
}

/** For which image, and by the rules of which kubelet. */
export interface Question {
  /** As in a pod. */
  readonly image: string;
  readonly repository: string;
  /** The kubelet's version; the newest if absent. */
  readonly version?: string;
}

/** A valid file, and how to call it. */
export interface NamedFile {
  readonly source: string;
  readonly entries: readonly KubeletEntry[];
  readonly ignored: readonly IgnoredEntry[];
}

/** Looks an image up in files that the kubelet takes together, as it does with all pull secrets of a pod. */
export function findInFiles(
  files: readonly NamedFile[],
  { image, version }: Question,
): Pick<Findings, "candidates" | "ignored"> {
  const sources = new Map(files.flatMap(({ source, entries }) => entries.map((e) => [e, source])));
  const found = lookUpImage([...sources.keys()], image, version);
  const chosen = new Set(found.candidates);
  const left = [...sources].filter(([entry]) => !chosen.has(entry));
  return {
    candidates: found.candidates.map((entry) => ({
      key: withoutLogin(entry.key),
      username: entry.username,
      source: sources.get(entry) ?? "",
      login: entry,
    })),
    ignored: [
      ...found.passedOver.map((entry, at) => passedOver(entry, left[at]?.[1] ?? "")),
      ...files.flatMap(({ source, ignored }) => ignored.map((entry) => passedOver(entry, source))),
    ],
  };
}

function passedOver({ key, why }: IgnoredEntry, source: string): ExplainedIgnored {
  return { key: withoutLogin(key), why, source };
}
