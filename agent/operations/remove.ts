import { nameList } from "../credentials/name-list.ts";
import { describeCode } from "../errors.ts";
import { readEntries } from "../kubelet/read-entries.ts";
import type { EntryChange, Notice, RemoveReport, RunFacts } from "../model.ts";
import { composeRestore, composeSurvey } from "../node/compose.ts";
import { isWhollyOurs, type NodeLook } from "../node/read-look.ts";
import { readSurvey } from "../node/read-survey.ts";
import { cleanText } from "../util/clean-text.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { removeLive } from "./live/live-push.ts";
import {
  type Looked,
  type LookedPlaces,
  lookAt,
  lookAtPlaces,
  type RequestOf,
  refuse,
  untilWritten,
  writePlan,
} from "./merge/look-and-write.ts";
import { ownEntries } from "./merge/owned-entries.ts";
import { planMerge, type WantedEntry } from "./merge/plan-merge.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "./node-try.ts";
import type { RemoveOptions } from "./options.ts";
import { imagesServed, isOfRegistries, placesWithLogins } from "./remove/places.ts";

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
    word: { operation: "remove", operator },
    dryRun: options.dryRun === true ? "server" : undefined,
    job: (run) =>
      removeJob({
        registries,
        delivery: options.delivery,
        replace: options.replace,
        dryRun: options.dryRun === true,
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
  /** Of one alone; absent: both. */
  readonly delivery?: "file" | "provider" | undefined;
  readonly replace: boolean;
  /** Look, and write nothing. */
  readonly dryRun: boolean;
  readonly story: RunFacts;
  readonly request: RequestOf;
}

/** The work of a removal on one node. */
function removeJob(options: RemoveJobOptions): NodeJob {
  return async (shell) => {
    let search = options.registries;
    const removed = await untilWritten(async () => {
      const places = await lookAtPlaces(shell, options.request, "all");
      if ("failed" in places) return places.failed;
      if (options.registries.length === 0) search = keysOfStories(places);
      return await removeFrom(shell, places, options);
    });
    const answer: NodeAnswer = options.dryRun ? { ...removed, dryRun: true } : removed;
    // What stands there now is no news before anything is removed.
    if (answer.status === "failed" || options.dryRun) return answer;
    const left = await lookElsewhere(shell, options, search);
    return { ...answer, warnings: [...answer.warnings, ...left] };
  };
}

/** Off the kubelet's own file, and off what a provider prints where one delivers. */
async function removeFrom(
  shell: NodeShell,
  { own, provider: looked }: LookedPlaces,
  options: RemoveJobOptions,
): Promise<NodeAnswer> {
  if (looked === undefined) return await removeOnce(shell, own, options);
  const { request } = looked;
  const { delivery } = options;
  const ofFile = delivery === "provider" ? undefined : await removeOnce(shell, own, options);
  if (delivery === "file" || ofFile?.status === "failed") return ofFile ?? own.answer;
  const taken = await removeOnce(shell, looked, { ...options, request });
  if (taken.status === "failed") return taken;
  const isChanged = ofFile !== undefined && ofFile.what !== "unchanged";
  const answer: NodeAnswer = {
    ...(isChanged && taken.what === "unchanged" ? ofFile : taken),
    changes: [...(ofFile?.changes ?? []), ...(taken.changes ?? [])],
    warnings: [...(ofFile?.warnings ?? []), ...taken.warnings],
    // The kubelet may have its own file's old entries for 5 minutes more.
    ...(isChanged ? {} : { provider: "on" }),
  };
  const isLeft = taken.what === "updated" || (taken.what === "unchanged" && looked.look.record);
  if (options.registries.length > 0 || isLeft || options.dryRun) return answer;
  return await removeLive(shell, answer, options.request);
}

async function removeOnce(
  shell: NodeShell,
  { look, answer }: Looked,
  { request, registries, story, replace, dryRun }: RemoveJobOptions,
): Promise<NodeAnswer> {
  if (look.record === undefined) {
    return { ...answer, what: "unchanged", note: "nothing of ours is there", isEmpty: true };
  }
  const ours = ourEntries(look, story.manager);
  const stays = ours.filter(({ key }) => !isOfRegistries(key, registries));
  if (stays.length === 0 && isOursAlone(look)) {
    if (dryRun) return { ...answer, what: "removed", changes: ours.map(removedEntry) };
    // What stood there before the first push comes back, and the history goes.
    const { answer: restored } = await shell.run((login) => composeRestore(request(login)));
    return { ...restored, changes: ours.map(removedEntry) };
  }
  const plan = planMerge({
    look,
    wanted: stays,
    manager: story.manager,
    everyManager: true,
    always: true,
    replace,
    dropInvalid: false,
    importHidden: false,
  });
  const { changes } = plan;
  if (plan.type === "refused") return { ...refuse(answer, plan), changes };
  if (plan.type === "nothing" || look.file.facts === undefined) {
    return { ...answer, what: "unchanged", changes };
  }
  if (dryRun) return { ...answer, what: plan.changesFile ? "updated" : "unchanged", changes };
  const written = await writePlan(shell, { plan, request, story, forgetPast: true });
  if (written.status === "failed" || plan.changesFile) return { ...written, changes };
  return { ...written, what: "unchanged", changes };
}

function removedEntry({ key }: WantedEntry): EntryChange {
  return { key, change: "removed" };
}

/** The file, or its absence, is as the last run left it, with nothing of others in it. */
function isOursAlone(look: NodeLook): boolean {
  return look.file.facts === undefined ? look.record?.share === "yes" : isWhollyOurs(look);
}

function ourEntries(look: NodeLook, manager: string): WantedEntry[] {
  const { content } = look.file;
  if (content === undefined) return [];
  return ownEntries(readEntries(content.reveal()), { look, manager }).flatMap(
    ({ key, auth, story }) =>
      story === undefined
        ? []
        : [{ key, auth, managers: story.managers, expiresAt: story.expiresAt }],
  );
}

function keysOfStories({ own, provider }: LookedPlaces): string[] {
  const stories = [...own.look.stories, ...(provider?.look.stories ?? [])];
  return [...new Set(stories.flatMap(({ entries }) => entries.map(({ key }) => key)))];
}

/** Where else the node has logins for what was taken away: with one of them pods go on pulling. */
async function lookElsewhere(
  shell: NodeShell,
  { request }: RemoveJobOptions,
  registries: readonly string[],
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
  const images = imagesServed(survey, registries);
  return [
    ...places.map(
      ({ place, keys }): Notice => ({
        code: "PC370",
        message: `${describeCode("PC370").title}: ${place} (${nameList(keys)})`,
      }),
    ),
    ...(images.length === 0 ? [] : [imagesLeft(images)]),
  ];
}

function imagesLeft(images: readonly string[]): Notice {
  const names = nameList(images.map((image) => cleanText(image, 300)));
  return { code: "PC372", message: `${describeCode("PC372").title}: ${names}` };
}
