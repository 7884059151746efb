import type { Credential, LoadedConfig } from "../credentials/model.ts";
import type { CredentialSummary, PushReport, RunFacts } from "../model.ts";
import { firstEnd } from "../node/story.ts";
import type { RunWord } from "./annotate/annotate-nodes.ts";
import { approveAmbient } from "./approve-ambient.ts";
import { deliver, nodeRequest } from "./deliver.ts";
import { judgeCredentials, refusalOf } from "./judge-credentials.ts";
import { entriesOf } from "./kubelet-lookup.ts";
import { answerConfig, LivePush } from "./live/live-push.ts";
import { loadCredentials } from "./load-credentials.ts";
import { pushJob } from "./merge/push-job.ts";
import type { NodeLogin } from "./node-try.ts";
import type { PushOptions } from "./options.ts";
import { findSalt, summarizeCredentials } from "./summarize-credentials.ts";

/** More would take longer than the push; pullcast inspect makes them all. */
const MAX_FINGERPRINTS = 50;

/**
 * Puts the usable entries of a docker config.json into the kubelet's config.json on every selected node.
 * The source is read once, before anything is touched; all nodes get the same bytes.
 *
 * @returns a report for each node: a node's failure is a value
 * @throws {PullcastError} PC6xx where the source is unusable or the plan is not confirmed, PC1xx where nothing can be selected,
 *   PC2xx where keys or known_hosts are unusable
 */
export async function push(options: PushOptions): Promise<PushReport> {
  return await pushConfig(await loadCredentials(options.source, options), options);
}

/**
 * The same with a source that was read already.
 *
 * @throws {PullcastError} as `push`
 */
export async function pushConfig(config: LoadedConfig, options: PushOptions): Promise<PushReport> {
  const now = options.now ?? new Date();
  const { problems, notices } = judgeCredentials(config, now);
  for (const notice of notices) options.report({ type: "notice", notice });
  const refusal = refusalOf(problems, options.strict === true);
  if (refusal !== undefined) throw refusal;
  const byProvider = options.delivery === "provider";
  const sent = byProvider ? answerConfig(config) : config;
  const proving = withEntries(options, config);
  const delivered = deliver(byProvider ? restartsWhereDue(proving) : proving, {
    kind: "PushReport",
    operation: OPERATIONS[options.dryRun ?? "none"],
    credentials: { source: config.source, entries: config.entries },
    approve: async (plan) => {
      const { dryRun, confirm } = options;
      if (dryRun !== undefined) return;
      await approveAmbient(config, plan.targets.length, confirm && (() => confirm(plan)));
    },
    dryRun: options.dryRun,
    word: wordOf(options, { now, source: config.source, credentials: config.credentials }),
    job: (run) => {
      const job = {
        config: sent,
        merge: options.merge === true,
        dropInvalid: options.dropInvalid === true,
        importHidden: options.importHidden === true,
        replace: options.replace,
        dryRun: options.dryRun === "server",
        story: storyOf(options, { run, now, source: config.source }),
        request: (login: NodeLogin) => nodeRequest(options, { run, ...login }),
      };
      return byProvider
        ? new LivePush({ ...job, ports: options.providerPorts ?? [] })
        : pushJob(job);
    },
  });
  const [report, credentials] = await Promise.all([
    delivered,
    summarize(config.credentials, options),
  ]);
  return { ...report, credentials };
}

/** A proof of the waves reads the image's index with what is sent. */
function withEntries(options: PushOptions, config: LoadedConfig): PushOptions {
  const { waves } = options;
  if (waves?.proof === undefined) return options;
  return { ...options, waves: { ...waves, proof: { ...waves.proof, entries: entriesOf(config) } } };
}

/** A provider needs no restart but the one that lets a kubelet ask it: what is said of restarts is about that one. */
function restartsWhereDue({ restart, ...options }: PushOptions) {
  return restart === undefined ? options : { ...options, dueRestart: restart };
}

const OPERATIONS = { none: "push", client: "plan", server: "diff" } as const;

/** What nodes' annotations tell of a push. */
function wordOf(
  options: PushOptions,
  sent: {
    readonly now: Date;
    readonly source: string;
    readonly credentials: readonly Credential[];
  },
): RunWord {
  const { operation: _push, operator, manager } = storyOf(options, { run: "", ...sent });
  const expiresAt = firstEnd(sent.credentials);
  return {
    operation: "push",
    operator,
    manager,
    keys: sent.credentials.map(({ key }) => key),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function storyOf(
  { operator = "unknown", fieldManager }: PushOptions,
  { run, now, source }: { readonly run: string; readonly now: Date; readonly source: string },
): RunFacts {
  const manager = fieldManager ?? `${operator}: ${source}`;
  return { run, at: now.toISOString(), operation: "push", operator, source, manager };
}

/** Beside the work on nodes; it ends well whatever happens, since the nodes' reports must be told. */
async function summarize(
  credentials: readonly Credential[],
  options: PushOptions,
): Promise<CredentialSummary[]> {
  const { signal } = options;
  const hostsOnly = options.selection.hosts !== undefined;
  try {
    const wanted = options.fingerprints !== false && credentials.length <= MAX_FINGERPRINTS;
    const salt = wanted ? await findSalt({ ...options, hostsOnly }) : undefined;
    return await summarizeCredentials(
      credentials,
      typeof salt === "string" ? salt : undefined,
      signal,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    return await summarizeCredentials(credentials, undefined, new AbortController().signal);
  }
}
