import { nameList } from "../../credentials/name-list.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { RunFacts } from "../../model.ts";
import { composeRestore } from "../../node/compose.ts";
import { type NodeLook, standingOf } from "../../node/read-look.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "../node-try.ts";
import {
  countingPlace,
  type Looked,
  lookAt,
  lookAtPlaces,
  type RequestOf,
  refuse,
  untilWritten,
  writePlan,
} from "./look-and-write.ts";
import { countingEntries } from "./owned-entries.ts";
import { planMerge, type WantedEntry } from "./plan-merge.ts";

export interface RollbackJobOptions {
  /** The run whose state is wanted; absent: what stood there before the last one. */
  readonly to?: string;
  readonly now: Date;
  readonly replace: boolean;
  readonly story: RunFacts;
  readonly request: RequestOf;
}

/** The work of a rollback on one node. */
export function rollbackJob(options: RollbackJobOptions): NodeJob {
  return (shell) => untilWritten(() => rollBackOnce(shell, options));
}

/** Brings back the state that the run `to` left, once; PC330 where others came between the look and the write. */
export function rollBackTo(
  shell: NodeShell,
  options: RollbackJobOptions & { readonly to: string },
): Promise<NodeAnswer> {
  return rollBackOnce(shell, options);
}

async function rollBackOnce(shell: NodeShell, given: RollbackJobOptions): Promise<NodeAnswer> {
  const places = await lookAtPlaces(shell, given.request, given.to);
  if ("failed" in places) return places.failed;
  const first = countingPlace(places);
  const { request } = first;
  const options = { ...given, request };
  const answer = await rollBackPlace(shell, first, options);
  return first.look.isAnswer ? { ...answer, provider: "on" } : answer;
}

async function rollBackPlace(
  shell: NodeShell,
  first: Looked,
  options: RollbackJobOptions,
): Promise<NodeAnswer> {
  const { request } = options;
  const { answer, look } = first;
  const { record } = look;
  if (record === undefined) return refuse(answer, { code: "PC317", detail: "" });
  const to = options.to ?? record.beforeRun;
  if (to === undefined) {
    // Nothing of ours stood there before: that is what a restore brings back.
    return (await shell.run((login) => composeRestore(request(login)))).answer;
  }
  if (to === standingOf(look)?.run) {
    return { ...answer, what: "unchanged", note: `${to} stands there already` };
  }
  const second = options.to === undefined ? await lookAt(shell, request, to) : first;
  if ("failed" in second) return second.failed;
  return await bringBack(shell, { to, look: second.look, answer }, options);
}

interface Target extends Looked {
  /** The run whose state is wanted. */
  readonly to: string;
}

async function bringBack(
  shell: NodeShell,
  { to, look, answer }: Target,
  { now, replace, story, request }: RollbackJobOptions,
): Promise<NodeAnswer> {
  const wanted = entriesOf(look, to);
  if (wanted === undefined) return refuse(answer, { code: "PC351", detail: to });
  const ended = wanted.filter(({ expiresAt }) => Date.parse(expiresAt) <= now.getTime());
  if (ended.length > 0) {
    const told = ended.map(({ key, expiresAt }) => `${key} at ${expiresAt}`);
    return refuse(answer, { code: "PC350", detail: nameList(told) });
  }
  const plan = planMerge({
    look,
    wanted,
    manager: story.manager,
    everyManager: true,
    replace,
    dropInvalid: false,
    importHidden: false,
  });
  const { changes } = plan;
  if (plan.type === "refused") return { ...refuse(answer, plan), changes };
  if (plan.type === "nothing") return { ...answer, what: "unchanged", changes };
  const written = await writePlan(shell, { plan, request, story: { ...story, to } });
  return { ...written, changes, note: `rolled back to ${to}` };
}

/** What was ours in the file that a run left; `undefined` where it is not kept. */
function entriesOf(look: NodeLook, run: string): WantedEntry[] | undefined {
  const story = look.stories.find((one) => one.run === run);
  const past = look.past.find((one) => one.run === run);
  const { content } = (standingOf(look)?.run === run ? look.file : past?.file) ?? {};
  if (story === undefined || content === undefined) return undefined;
  const told = new Map(story.entries.map((entry) => [entry.key, entry]));
  return countingEntries(readEntries(content.reveal())).flatMap(({ key, auth, mark }) => {
    const known = told.get(key);
    if (known?.mark !== mark) return [];
    const { managers, expiresAt } = known;
    return [{ key, auth, managers, expiresAt }];
  });
}
