import { nameList } from "../credentials/name-list.ts";
import { readEntries } from "../kubelet/read-entries.ts";
import type { RollbackReport } from "../model.ts";
import { composeInstall, composeRestore, type NodeRequest } from "../node/compose.ts";
import type { NodeLook } from "../node/read-look.ts";
import { formatStory, markOf, type Story } from "../node/story.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { planMerge, type WantedEntry } from "./merge/plan-merge.ts";
import { lookAt, MAX_LOOKS, refuse } from "./merge/push-job.ts";
import type { NodeAnswer, NodeJob, NodeLogin, NodeShell } from "./node-try.ts";
import type { RollbackOptions } from "./options.ts";

/**
 * Brings back on every selected node what an earlier run left there: what stood before the last run, or what `to`
 * left. Entries of others stay as they are now; credentials past their recorded end are refused.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export function rollback(options: RollbackOptions): Promise<RollbackReport> {
  const { to, operator = "unknown" } = options;
  const now = options.now ?? new Date();
  return deliver(options, {
    kind: "RollbackReport",
    operation: "rollback",
    job: (run) =>
      rollbackJob({
        now,
        replace: options.replace,
        ...(to === undefined ? {} : { to }),
        story: {
          run,
          at: now.toISOString(),
          operation: "rollback",
          operator,
          source: "rollback",
          manager: "rollback",
        },
        request: (login) => nodeRequest(options, { run, ...login }),
      }),
  });
}

interface RollbackJobOptions {
  readonly to?: string;
  readonly now: Date;
  readonly replace: boolean;
  readonly story: Omit<Story, "entries">;
  readonly request: (login: NodeLogin) => NodeRequest;
}

/** The work of a rollback on one node. */
function rollbackJob(options: RollbackJobOptions): NodeJob {
  return async (shell) => {
    for (let round = 1; ; round += 1) {
      const end = await rollBackOnce(shell, options);
      const isLate = end.status === "failed" && end.code === "PC330";
      if (!isLate || round === MAX_LOOKS) return end;
    }
  };
}

async function rollBackOnce(shell: NodeShell, options: RollbackJobOptions): Promise<NodeAnswer> {
  const { request } = options;
  const first = await lookAt(shell, request, options.to);
  if ("failed" in first) return first.failed;
  const { answer, look } = first;
  const { record } = look;
  if (record === undefined) return refuse(answer, { code: "PC317", detail: "" });
  const { digest } = look.file;
  // A run that died before its new file stood left the one before.
  const isUnfinished = digest === record.before && digest !== record.digest;
  const to = options.to ?? record.beforeRun;
  if (to === undefined) {
    // Nothing of ours stood there before: that is what a restore brings back.
    return (await shell.run((login) => composeRestore(request(login)))).answer;
  }
  const standing = isUnfinished ? record.beforeRun : record.run;
  if (to === standing && (isUnfinished || digest === record.digest)) {
    return { ...answer, what: "unchanged", note: `${to} stands there already` };
  }
  const second = options.to === undefined ? await lookAt(shell, request, to) : first;
  if ("failed" in second) return second.failed;
  return await bringBack(shell, { to, look: second.look, answer }, options);
}

interface Target {
  readonly to: string;
  readonly look: NodeLook;
  readonly answer: Extract<NodeAnswer, { status: "done" }>;
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
  const { digest } = plan.file;
  const end = await shell.run(
    (login) =>
      composeInstall({
        ...request(login),
        config: plan.file,
        story: formatStory({ ...story, to, entries: plan.entries }),
        merge: plan.terms,
      }),
    { digest },
  );
  return { ...end.answer, changes, note: `rolled back to ${to}` };
}

/** What was ours in the file that a run left; `undefined` where it is not kept. */
function entriesOf(
  { file, past, stories, record }: NodeLook,
  run: string,
): WantedEntry[] | undefined {
  const story = stories.find((one) => one.run === run);
  const isCurrent = record?.run === run && record.digest === file.digest;
  const content = (isCurrent ? file : past.find((one) => one.run === run)?.file)?.content;
  if (story === undefined || content === undefined) return undefined;
  const told = new Map(story.entries.map((entry) => [entry.key, entry]));
  return readEntries(content.reveal()).entries.flatMap((entry): WantedEntry[] => {
    if (!entry.readable || entry.replaced) return [];
    const { key, auth } = entry;
    const known = told.get(key);
    if (known?.mark !== markOf(auth)) return [];
    const { managers, expiresAt } = known;
    return [{ key, auth, managers, expiresAt }];
  });
}
