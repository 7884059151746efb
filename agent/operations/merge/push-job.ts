import type { LoadedConfig } from "../../credentials/model.ts";
import type { RunFacts } from "../../model.ts";
import { composeInstall, composeProbe } from "../../node/compose.ts";
import type { NodeLook } from "../../node/read-look.ts";
import { formatStory, storyEntry } from "../../node/story.ts";
import type { NodeAnswer, NodeJob, NodeShell } from "../node-try.ts";
import {
  type DoneAnswer,
  type Looked,
  lookAt,
  type RequestOf,
  refuse,
  untilWritten,
  writePlan,
} from "./look-and-write.ts";
import { planMerge } from "./plan-merge.ts";
import { planReplace } from "./plan-replace.ts";

/** How a push treats what stands on a node. */
export interface PushMode {
  /** Keep others' entries; absent: the file is ours as a whole. */
  readonly merge: boolean;
  readonly dropInvalid: boolean;
  readonly importHidden: boolean;
  readonly replace: boolean;
  /** Look and compare, and write nothing. */
  readonly dryRun: boolean;
}

/** What all nodes of a push are told. */
export interface PushJobOptions extends PushMode {
  readonly config: LoadedConfig;
  /** Of the run; entries are added for each node. */
  readonly story: RunFacts;
  readonly request: RequestOf;
}

/** The work of a push on one node. */
export function pushJob(options: PushJobOptions): NodeJob {
  if (!options.merge && !options.dryRun) return replaceJob(options);
  return (shell) =>
    untilWritten(async () => {
      const looked = await lookAt(shell, options.request);
      if ("failed" in looked) return looked.failed;
      return options.merge
        ? await mergeOnce(shell, looked, options)
        : await tellReplace(shell, looked, options);
    });
}

function replaceJob({ config, story, request }: PushJobOptions): NodeJob {
  const entries = config.credentials.map((one) => storyEntry(one, [story.manager]));
  const told = formatStory({ ...story, entries });
  return async (shell) => {
    const { answer } = await shell.run(
      (login) => composeInstall({ ...request(login), config, story: told }),
      { digest: config.digest },
    );
    return answer;
  };
}

async function mergeOnce(
  shell: NodeShell,
  { look, answer: looked }: Looked,
  options: PushJobOptions,
): Promise<NodeAnswer> {
  const { config, story, request } = options;
  const plan = planMerge({ ...options, look, wanted: config.credentials, manager: story.manager });
  const { changes } = plan;
  if (plan.type === "refused") return { ...refuse(looked, plan), changes };
  if (plan.type === "nothing") return { ...unchanged(looked, look), changes };
  const merge = plan.terms;
  const replace = options.replace || plan.imported !== undefined;
  const { digest } = plan.file;
  if (options.dryRun) {
    const { answer } = await shell.run(
      (login) => composeProbe({ ...request(login), replace, digest, merge }),
      { digest },
    );
    return { ...answer, changes, dryRun: true };
  }
  const answer = await writePlan(shell, { plan, request, story, replace });
  // What is imported is told by the program: it names the file that is hidden from now on.
  const warnings = [...answer.warnings, ...plan.notices];
  if (answer.status === "failed") return { ...answer, changes, warnings };
  // Only the story or the mode was put right: the kubelet reads what it read before.
  const done = plan.changesFile ? answer : { ...answer, ...unchanged(looked, look) };
  return { ...done, changes, warnings };
}

async function tellReplace(
  shell: NodeShell,
  { look }: Looked,
  { config, story, request }: PushJobOptions,
): Promise<NodeAnswer> {
  const { digest } = config;
  const changes = planReplace({ look, wanted: config.credentials, manager: story.manager });
  const { answer } = await shell.run((login) => composeProbe({ ...request(login), digest }), {
    digest,
  });
  return { ...answer, changes, dryRun: true };
}

function unchanged(looked: DoneAnswer, { file, now }: NodeLook): DoneAnswer {
  const modifiedAt = file.facts?.modifiedAt;
  return {
    ...looked,
    what: "unchanged",
    ...(modifiedAt === undefined ? {} : { ageSeconds: now - modifiedAt }),
  };
}
