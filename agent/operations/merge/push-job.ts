import type { LoadedConfig } from "../../credentials/model.ts";
import type { Code } from "../../errors.ts";
import { composeInstall, composeLook, composeProbe, type NodeRequest } from "../../node/compose.ts";
import { type NodeLook, readLook } from "../../node/read-look.ts";
import { formatStory, markOf, type Story } from "../../node/story.ts";
import type { NodeAnswer, NodeJob, NodeLogin, NodeShell } from "../node-try.ts";
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
  readonly story: Omit<Story, "entries">;
  readonly request: (login: NodeLogin) => NodeRequest;
}

/** Others may write at the same time: a merge looks anew so often before it gives up. */
export const MAX_LOOKS = 5;

/** The work of a push on one node. */
export function pushJob(options: PushJobOptions): NodeJob {
  if (!options.merge && !options.dryRun) return replaceJob(options);
  return async (shell) => {
    for (let round = 1; ; round += 1) {
      const looked = await lookAt(shell, options.request);
      if ("failed" in looked) return looked.failed;
      const end = options.merge
        ? await mergeOnce(shell, looked, options)
        : await tellReplace(shell, looked, options);
      const isLate = end.status === "failed" && end.code === "PC330";
      if (!isLate || round === MAX_LOOKS) return end;
    }
  };
}

function replaceJob({ config, story, request }: PushJobOptions): NodeJob {
  const told = formatStory({ ...story, entries: wholeStory(config, story.manager) });
  return async (shell) => {
    const { answer } = await shell.run(
      (login) => composeInstall({ ...request(login), config, story: told }),
      { digest: config.digest },
    );
    return answer;
  };
}

function wholeStory({ credentials }: LoadedConfig, manager: string) {
  return credentials.map(({ key, auth, expiresAt }) => ({
    key,
    mark: markOf(auth),
    managers: [manager],
    expiresAt,
  }));
}

/** What a look found, and the program's own answer. */
interface Looked {
  readonly look: NodeLook;
  readonly answer: DoneAnswer;
}

type DoneAnswer = Extract<NodeAnswer, { status: "done" }>;

/** Looks at a node once; what kept it from that is the answer. */
export async function lookAt(
  shell: NodeShell,
  request: (login: NodeLogin) => NodeRequest,
  past?: string,
): Promise<Looked | { readonly failed: NodeAnswer }> {
  const { answer, stdout, nonce } = await shell.run(
    (login) => composeLook({ ...request(login), ...(past === undefined ? {} : { past }) }),
    { keepAll: true },
  );
  if (answer.status === "failed") return { failed: answer };
  return { look: readLook(stdout, nonce), answer };
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
  const { answer } = await shell.run(
    (login) =>
      composeInstall({
        ...request(login),
        replace,
        config: plan.file,
        story: formatStory({ ...story, entries: plan.entries }),
        merge,
      }),
    { digest },
  );
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

/** A node's answer where its file stands against what was to be done. */
export function refuse(
  { path, pathProof, warnings }: DoneAnswer,
  { code, detail }: { readonly code: Code; readonly detail: string },
): NodeAnswer {
  const where = detail === "" ? path : `${path}: ${detail}`;
  return { status: "failed", code, detail: where, began: true, path, pathProof, warnings };
}
