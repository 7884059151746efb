import { inForceFrom } from "../../kubelet/cache-time.ts";
import type { IgnoredEntry, KubeletEntry } from "../../kubelet/model.ts";
import { type JudgedPlace, judgePlaces, type SearchPlace } from "../../kubelet/search-places.ts";
import type { Problem } from "../../model.ts";
import type { FoundFile, NodeSurvey, SurveyFile } from "../../node/read-survey.ts";
import { problem } from "../../problem.ts";
import type { Secret } from "../../secret.ts";
import { type Findings, findInFiles, type Question } from "./findings.ts";
import { iso } from "./iso.ts";
import { lastReading, tellsReadings } from "./kubelet-log.ts";
import type { ExplainedPlace } from "./model.ts";
import { lintFor } from "./relevant-lint.ts";

/** What the files of a node add, and which of them counts since when. */
export interface NodeFindings extends Findings {
  readonly places: readonly ExplainedPlace[];
  /** The path of the file that counts. */
  readonly used?: string;
  /** Seconds since 1970 by the node's clock. */
  readonly inForceFrom: number;
  readonly lastReading?: number;
  /** A FIFO stands before any valid file. */
  readonly fails: boolean;
  /** Passwords of all files: no words of the node that hold one are told. */
  readonly secrets: readonly Secret<string>[];
}

/** Judges the eight places of a node. */
export function findOnNode(survey: NodeSurvey, question: Question): NodeFindings {
  const files = survey.files.filter(({ kind }) => kind === "json" || kind === "legacy");
  const places = files.map(toPlace);
  const judged = judgePlaces(places, question.version);
  const at = judged.findIndex(({ status }) => status === "used" || status === "blocks");
  const used = judged[at]?.status === "used" ? judged[at] : undefined;
  const { candidates, ignored } = findInFiles(used === undefined ? [] : [named(used)], question);
  const { content, format } = places[at] ?? {};
  const readAt = lastReading(survey);
  const from = inForceFrom({
    now: survey.now,
    changedAt: changedAt(files, at === -1 ? files.length - 1 : at),
    logTells: tellsReadings(survey),
    ...(survey.kubelet === undefined ? {} : { startedAt: survey.kubelet.startedAt }),
    ...(readAt === undefined ? {} : { readAt }),
  });
  return {
    candidates,
    ignored,
    places: unique(judged).map((place) =>
      explainPlace(place, files.find(({ path }) => path === place.path)?.found),
    ),
    problems: [
      ...(survey.kubelet === undefined
        ? [problem("PC321", "warning", { detail: survey.rootDir })]
        : []),
      ...placeProblems(judged, question),
      ...(content === undefined || format === undefined
        ? []
        : lintFor({ content, format }, question, { candidates })),
      ...(from > survey.now ? [stillCached(survey, { from, readAt })] : []),
    ],
    ...(used === undefined ? {} : { used: used.path }),
    inForceFrom: from,
    ...(readAt === undefined ? {} : { lastReading: readAt }),
    fails: judged[at]?.status === "blocks",
    secrets: judged.flatMap(({ file }) => file?.entries.map(({ password }) => password) ?? []),
  };
}

function toPlace({ kind, path, found, dangling }: SurveyFile): SearchPlace {
  const format = kind === "legacy" ? ".dockercfg" : "config.json";
  const obstacle = found === undefined ? undefined : obstacleOf(found);
  return {
    path,
    format,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(found?.content === undefined || obstacle !== undefined ? {} : { content: found.content }),
    ...(dangling
      ? { obstacle: { type: "unreadable", why: "a symbolic link that leads nowhere" } }
      : {}),
  };
}

function obstacleOf({ type, content, sizeBytes }: FoundFile): SearchPlace["obstacle"] {
  if (type === "fifo") return { type: "blocks", why: "a FIFO" };
  if (type !== "file")
    return { type: "unreadable", why: `a ${type === "other" ? "device or socket" : type}` };
  if (content === undefined)
    return { type: "unjudged", why: `${sizeBytes} bytes are more than pullcast reads` };
  // A file that shrank meanwhile is rare, one that can't be read is not.
  const empty = content.reveal().length === 0 && sizeBytes > 0;
  return empty ? { type: "unreadable", why: "it can't be read" } : undefined;
}

/** When something last changed up to and in the place that counts: what comes after it doesn't matter. */
function changedAt(files: readonly SurveyFile[], last: number): number {
  const before = files
    .slice(0, last)
    .flatMap(({ folderChangedAt, found }) => [folderChangedAt, found?.changedAt ?? 0]);
  const own = files[last]?.found?.changedAt ?? files[last]?.folderChangedAt ?? 0;
  return Math.max(own, ...before);
}

function explainPlace(
  { path, status, why }: JudgedPlace,
  found: FoundFile | undefined,
): ExplainedPlace {
  return {
    path,
    status,
    ...(why === undefined ? {} : { why }),
    ...(found === undefined
      ? {}
      : {
          mode: found.mode.toString(8).padStart(4, "0"),
          uid: found.uid,
          sizeBytes: found.sizeBytes,
          changedAt: iso(found.changedAt),
        }),
  };
}

function named({ path, file }: JudgedPlace): {
  readonly source: string;
  readonly entries: readonly KubeletEntry[];
  readonly ignored: readonly IgnoredEntry[];
} {
  return { source: path, entries: file?.entries ?? [], ignored: file?.ignored ?? [] };
}

function placeProblems(judged: readonly JudgedPlace[], question: Question): Problem[] {
  const used = judged.find(({ status }) => status === "used");
  return unique(judged).flatMap((place) => {
    const { path, status, why = "" } = place;
    const about = { key: path, detail: `${path}: ${why}` };
    switch (status) {
      case "void":
      case "unreadable":
        return [problem("PC511", used === undefined ? "error" : "warning", about)];
      case "unjudged":
        return [problem("PC521", "warning", about)];
      case "blocks":
        return [
          problem("PC522", "error", {
            ...about,
            fix: `rm ${path} on the node, then restart the kubelet`,
          }),
        ];
      case "hidden": {
        if (findInFiles([named(place)], question).candidates.length === 0) return [];
        const fix = `move its entries into your source and push, or remove ${used?.path} on the node`;
        return [problem("PC512", "warning", { ...about, fix })];
      }
      default:
        return [];
    }
  });
}

/** Two places are one where HOME is not set and the cwd is /. */
function unique(judged: readonly JudgedPlace[]): JudgedPlace[] {
  return [...new Map(judged.map((place) => [place.path, place])).values()];
}

function stillCached(
  { kubelet }: NodeSurvey,
  { from, readAt }: { readonly from: number; readonly readAt: number | undefined },
): Problem {
  const until = iso(from);
  const since = readAt === undefined ? "" : `, read at ${iso(readAt)}`;
  return problem("PC513", "warning", {
    detail: `until ${until} at the latest${since}`,
    fix: `wait until then, or systemctl restart ${kubelet?.unit ?? "kubelet"} on the node`,
  });
}
