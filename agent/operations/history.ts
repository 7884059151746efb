import type { HistoryReport, NodeHistory, RecordedRun } from "../model.ts";
import { type NodeLook, standingOf } from "../node/read-look.ts";
import { firstEnd, type Story } from "../node/story.ts";
import { cleanText } from "../util/clean-text.ts";
import { causeOf, type LookedNode, lookAtNodes } from "./look-at-nodes.ts";
import type { NodeRunOptions } from "./options.ts";

/**
 * Tells which runs each selected node remembers, and which of their files a rollback may bring back.
 *
 * @returns an item for each node: a node's failure is one
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export async function history(options: NodeRunOptions): Promise<HistoryReport> {
  const { run, items } = await lookAtNodes(options, "history");
  return {
    ...run,
    kind: "HistoryReport",
    items: items.map(itemOf),
  };
}

function itemOf({ report, look }: LookedNode): NodeHistory {
  const { node, address, uid, result, durationMs } = report;
  const place = { node, address, ...(uid === undefined ? {} : { uid }), durationMs };
  if (look !== undefined) return { ...place, result: "read", runs: runsOf(look) };
  return {
    ...place,
    result: result === "skipped" || result === "not-attempted" ? result : "failed",
    ...causeOf(report),
    runs: [],
  };
}

function runsOf(look: NodeLook): RecordedRun[] {
  const standing = standingOf(look)?.run;
  const kept = new Set(look.past.map(({ run }) => run));
  const left = (run: string) => (kept.has(run) ? "kept" : "gone");
  return look.stories
    .map((story) => recorded(story, story.run === standing ? "current" : left(story.run)))
    .sort((a, b) => (a.run > b.run ? -1 : 1));
}

function recorded({ entries, ...story }: Story, file: RecordedRun["file"]): RecordedRun {
  const end = firstEnd(entries);
  return {
    ...story,
    keys: entries.map(({ key }) => cleanText(key, 300)),
    ...(end === undefined ? {} : { expiresAt: end }),
    file,
  };
}
