import { nameList } from "../credentials/name-list.ts";
import { describeCode } from "../errors.ts";
import { readEntries } from "../kubelet/read-entries.ts";
import type { EntryChange, Notice, RemoveReport } from "../model.ts";
import {
  composeInstall,
  composeRestore,
  composeSurvey,
  type NodeRequest,
} from "../node/compose.ts";
import type { NodeLook } from "../node/read-look.ts";
import { readSurvey } from "../node/read-survey.ts";
import { formatStory, type Story } from "../node/story.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { ownEntries } from "./merge/owned-entries.ts";
import { planMerge, type WantedEntry } from "./merge/plan-merge.ts";
import { lookAt, MAX_LOOKS, refuse } from "./merge/push-job.ts";
import type { NodeAnswer, NodeJob, NodeLogin, NodeShell } from "./node-try.ts";
import type { RemoveOptions } from "./options.ts";
import { isOfRegistries, placesWithLogins } from "./remove/places.ts";

/**
 * Takes pullcast's entries off every selected node, or those for some registries; entries of others stay byte for
 * byte. All earlier files that are kept there go, since what was revoked must be nowhere. Where nothing of a file
 * is left, what stood there before the first push comes back. Then looks where else the node has such credentials.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC1xx where nothing can be selected, PC2xx where keys or known_hosts are unusable
 */
export function remove(options: RemoveOptions): Promise<RemoveReport> {
  const { registries, operator = "unknown" } = options;
  const now = options.now ?? new Date();
  return deliver(options, {
    kind: "RemoveReport",
    operation: "remove",
    job: (run) =>
      removeJob({
        registries,
        replace: options.replace,
        story: {
          run,
          at: now.toISOString(),
          operation: "remove",
          operator,
          source: registries.length === 0 ? "all" : registries.join(", "),
          manager: "remove",
        },
        request: (login) => nodeRequest(options, { run, ...login }),
      }),
  });
}

interface RemoveJobOptions {
  /** Keys or hosts; none means all of ours. */
  readonly registries: readonly string[];
  readonly replace: boolean;
  readonly story: Omit<Story, "entries">;
  readonly request: (login: NodeLogin) => NodeRequest;
}

/** The work of a removal on one node. */
function removeJob(options: RemoveJobOptions): NodeJob {
  return async (shell) => {
    for (let round = 1; ; round += 1) {
      const removal = await removeOnce(shell, options);
      const { answer } = removal;
      const isLate = answer.status === "failed" && answer.code === "PC330";
      if (isLate && round < MAX_LOOKS) continue;
      if (answer.status === "failed") return answer;
      const left = await lookElsewhere(shell, options, removal);
      return { ...answer, warnings: [...answer.warnings, ...left] };
    }
  };
}

const UNCHANGED = "unchanged" as const;

interface Removal {
  readonly answer: NodeAnswer;
  readonly look?: NodeLook;
  /** What the node's other places are searched for. */
  readonly registries: readonly string[];
}

async function removeOnce(shell: NodeShell, options: RemoveJobOptions): Promise<Removal> {
  const { request, registries, story } = options;
  const looked = await lookAt(shell, request, "all");
  if ("failed" in looked) return { answer: looked.failed, registries };
  const { look, answer } = looked;
  const ours = ourEntries(look, story.manager);
  const stays = ours.filter(({ key }) => !isOfRegistries(key, registries));
  const search = registries.length > 0 ? registries : keysOfStories(look);
  const end = { look, registries: search };
  if (look.record === undefined) {
    return { ...end, answer: { ...answer, what: UNCHANGED, note: "nothing of ours is there" } };
  }
  if (stays.length === 0 && isOursAlone(look)) {
    // What stood there before the first push comes back, and the history goes.
    const { answer: restored } = await shell.run((login) => composeRestore(request(login)));
    const changes = ours.map(({ key }): EntryChange => ({ key, change: "removed" }));
    return { ...end, answer: { ...restored, changes } };
  }
  const plan = planMerge({
    look,
    wanted: stays,
    manager: story.manager,
    everyManager: true,
    always: true,
    replace: options.replace,
    dropInvalid: false,
    importHidden: false,
  });
  const { changes } = plan;
  if (plan.type === "refused") return { ...end, answer: { ...refuse(answer, plan), changes } };
  if (plan.type === "nothing" || look.file.facts === undefined) {
    return { ...end, answer: { ...answer, what: UNCHANGED, changes } };
  }
  const { digest } = plan.file;
  const { answer: written } = await shell.run(
    (login) =>
      composeInstall({
        ...request(login),
        config: plan.file,
        story: formatStory({ ...story, entries: plan.entries }),
        merge: plan.terms,
        forgetPast: true,
      }),
    { digest },
  );
  const done = written.status === "done" && !plan.changesFile ? { what: UNCHANGED } : {};
  return { ...end, answer: { ...written, ...done, changes } as NodeAnswer };
}

/** The file, or its absence, is as the last run left it, with nothing of others in it. */
function isOursAlone({ record, file }: NodeLook): boolean {
  if (record?.share !== "yes") return false;
  return file.facts === undefined || file.digest === record.digest;
}

function ourEntries(look: NodeLook, manager: string): WantedEntry[] {
  const { content } = look.file;
  if (content === undefined) return [];
  return ownEntries(readEntries(content.reveal()), { look, manager }).flatMap(
    ({ key, reading, story }) =>
      story === undefined
        ? []
        : [{ key, auth: reading.auth, managers: story.managers, expiresAt: story.expiresAt }],
  );
}

function keysOfStories({ stories }: NodeLook): string[] {
  return [...new Set(stories.flatMap(({ entries }) => entries.map(({ key }) => key)))];
}

/** Where else the node has logins for what was taken away: with one of them pods go on pulling. */
async function lookElsewhere(
  shell: NodeShell,
  { request }: RemoveJobOptions,
  { registries }: Removal,
): Promise<Notice[]> {
  if (registries.length === 0) return [];
  const looked = await lookAt(shell, request, "all");
  const { answer, stdout, nonce } = await shell.run((login) => composeSurvey(request(login)), {
    keepAll: true,
  });
  if ("failed" in looked || answer.status === "failed") {
    return [{ code: "PC371", message: describeCode("PC371").title }];
  }
  const survey = readSurvey(stdout, nonce);
  const places = await placesWithLogins(looked.look, { survey, registries });
  return places.map(({ place, keys }) => ({
    code: "PC370",
    message: `${describeCode("PC370").title}: ${place} (${nameList(keys)})`,
  }));
}
