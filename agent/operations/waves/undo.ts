import type { RunFacts } from "../../model.ts";
import { composeRestore } from "../../node/compose.ts";
import type { LookFile, LookRecord, NodeLook } from "../../node/read-look.ts";
import {
  type DoneAnswer,
  lookAt,
  type RequestOf,
  refuse,
  untilWritten,
  writePlan,
} from "../merge/look-and-write.ts";
import { rollBackTo } from "../merge/rollback-job.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "../node-try.ts";

export interface UndoOptions {
  /** The run whose work is undone; the undoing is part of it. */
  readonly run: string;
  readonly now: Date;
  readonly operator: string;
  readonly request: RequestOf;
}

/** No file, as a record's digest. */
const NOTHING = "-";

/**
 * Puts back on a node what stood there before a run, byte for byte where the node keeps those bytes, and proves it by
 * the digest that the run's record has. A node that the run left as it was, and one that is undone already, is
 * unchanged; one that others changed since is left alone (PC301).
 */
export function undoJob(options: UndoOptions): NodeJob {
  return async (shell) => {
    const first = await lookAt(shell, options.request, "all");
    if ("failed" in first) return first.failed;
    const { look, answer } = first;
    const { record } = look;
    if (record?.run !== options.run || isUndone(look, options.run) || isBefore(look, record)) {
      return { ...answer, what: "unchanged" };
    }
    if (look.file.digest !== record.digest) return refuse(answer, { code: "PC301", detail: "" });
    const undone = await untilWritten(() => undoOnce(shell, { look, record }, options));
    if (undone.status === "failed") return undone;
    return await proven(shell, { record, undone, answer }, options);
  };
}

/** The run's story tells that it went back already: a link was lost between the work and its answer. */
function isUndone({ stories }: NodeLook, run: string): boolean {
  return stories.find((story) => story.run === run)?.operation === "rollback";
}

/** The run died before its file was in place. */
function isBefore({ file }: NodeLook, { before }: LookRecord): boolean {
  return (file.digest ?? NOTHING) === before;
}

interface Changed {
  readonly look: NodeLook;
  readonly record: LookRecord;
}

async function undoOnce(
  shell: NodeShell,
  { look, record }: Changed,
  options: UndoOptions,
): Promise<NodeAnswer> {
  const { request } = options;
  const to = record.beforeRun;
  const file = look.past.find((past) => past.run === to)?.file;
  if (to === undefined) {
    // Nothing of ours stood there before the run: the file of others, or none, is what a restore brings back.
    return (await shell.run((login) => composeRestore(request(login)))).answer;
  }
  if (isWhole(file, record)) {
    const { content: bytes, digest, facts } = file;
    return await writePlan(shell, {
      plan: {
        type: "write",
        file: { bytes, digest, sizeBytes: facts.sizeBytes },
        terms: { expect: record.digest, share: record.beforeShare === "yes" ? "whole" : "part" },
        entries: look.stories.find((story) => story.run === to)?.entries ?? [],
        changes: [],
        notices: [],
        changesFile: true,
      },
      request,
      story: storyOf(options, to),
    });
  }
  // A merge into what others wrote since: those bytes are kept nowhere, their entries still stand there.
  return await rollBackTo(shell, {
    to,
    replace: false,
    now: options.now,
    request,
    story: storyOf(options, to),
  });
}

type WholeFile = LookFile & Required<Pick<LookFile, "content" | "digest" | "facts">>;

function isWhole(file: LookFile | undefined, { before }: LookRecord): file is WholeFile {
  return file?.content !== undefined && file.facts !== undefined && file.digest === before;
}

function storyOf({ run, now, operator }: UndoOptions, to: string): RunFacts {
  return {
    run,
    at: now.toISOString(),
    operation: "rollback",
    operator,
    source: "rollback",
    manager: "rollback",
    to,
  };
}

/** Looks once more: what stands there now has the digest of what stood there before, or the node says otherwise. */
async function proven(
  shell: NodeShell,
  {
    record,
    undone,
    answer,
  }: {
    readonly record: LookRecord;
    readonly undone: DoneAnswer;
    readonly answer: DoneAnswer;
  },
  { request }: UndoOptions,
): Promise<NodeAnswer> {
  const last = await lookAt(shell, request);
  if ("failed" in last) return last.failed;
  if (isBefore(last.look, record)) return undone;
  return refuse(answer, { code: "PC144", detail: "" });
}
