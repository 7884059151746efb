import { createHash } from "node:crypto";
import type { LoadedConfig } from "../../credentials/model.ts";
import { nameList } from "../../credentials/name-list.ts";
import { describeCode, PullcastError } from "../../errors.ts";
import { composeAnswer, fitsAnswer } from "../../kubelet/provider-answer.ts";
import { portsOf, tooLongKeys } from "../../kubelet/provider-patterns.ts";
import type { Notice } from "../../model.ts";
import { composeLive, type LiveSettings } from "../../node/compose.ts";
import type { LiveState, NodeLook } from "../../node/read-look.ts";
import { Secret } from "../../secret.ts";
import { cleanText } from "../../util/clean-text.ts";
import { liveRequest, lookAt, type RequestOf, refuse } from "../merge/look-and-write.ts";
import { type PushJobOptions, pushJob } from "../merge/push-job.ts";
import { type NodeAnswer, type NodeJob, type NodeShell, oneProgram } from "../node-try.ts";
import { undoJob } from "../waves/undo.ts";
import { planLive } from "./plan-live.ts";
import { readStage } from "./read-stage.ts";
import { staleKeys, staleNotice } from "./stale-keys.ts";

interface LivePushOptions extends PushJobOptions {
  /** Of registries that are to be served later, besides those of the credentials; decimal. */
  readonly ports: readonly string[];
}

/**
 * The file for the nodes in the form that a provider prints.
 *
 * @throws {PullcastError} PC557 where an answer can't carry a login, or no pattern serves its registry
 */
export function answerConfig(config: LoadedConfig): LoadedConfig {
  const keys = config.credentials.map(({ key }) => key);
  const bytesOnly = config.credentials.filter(({ auth }) => !fitsAnswer(auth));
  const unfit = [...bytesOnly.map(({ key }) => key), ...tooLongKeys(keys)];
  if (unfit.length > 0) throw new PullcastError("PC557", { detail: nameList(unfit) });
  const bytes = composeAnswer(config.credentials);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { ...config, bytes: new Secret(bytes), digest, sizeBytes: bytes.length };
}

/** The jobs of one push by a provider; what the first finds on a node, the others need. */
export class LivePush {
  readonly #options: LivePushOptions;
  readonly #settings = new Map<string, LiveSettings>();
  /** Nodes that had no live mode before the run. */
  readonly #fresh = new Set<string>();

  constructor(options: LivePushOptions) {
    this.#options = options;
  }

  /** Writes what the provider is to print, and finds out whether its kubelet asks it. */
  readonly deliver: NodeJob = async (shell) => {
    const looked = await lookAt(shell, this.#options.request);
    if ("failed" in looked) return looked.failed;
    const { look, answer } = looked;
    const ports = this.#portsFor(look.live);
    const refused = this.#isOn(look.live, ports) ? undefined : await this.#plan(shell, look, ports);
    if (refused !== undefined) return refused;
    const written = await this.#write(shell, look);
    const isDue = this.#settings.has(shell.target.name);
    const told: NodeAnswer = {
      ...written,
      provider: isDue ? "due" : "on",
      warnings: [...answer.warnings, ...written.warnings, ...this.#notices(shell, look)],
    };
    if (told.status === "failed" || !isDue || told.dryRun !== true) return told;
    // The file may be there: the kubelet does not ask for it yet.
    return { ...told, what: "probed" };
  };

  /** Lets the kubelet ask the provider; its node has a minute to be well with it. */
  readonly switchOn: NodeJob = async (shell) => {
    const settings = this.#settings.get(shell.target.name);
    if (settings === undefined) throw new Error(`nothing was planned for ${shell.target.name}`);
    const { request } = this.#options;
    return (await shell.run((login) => composeLive(request(login), settings))).answer;
  };

  readonly settle: NodeJob = oneProgram((login) =>
    composeLive(this.#options.request(login), "confirm"),
  );

  /** Takes back the setting on trial, if the node has not done so itself, and puts back what the provider printed. */
  readonly takeBack: NodeJob = async (shell) => {
    const { request, story } = this.#options;
    const { answer } = await shell.run((login) => composeLive(request(login), "undo"));
    if (answer.status === "failed" && answer.code !== "PC556") return answer;
    const { run, operator } = story;
    return await undoJob({ run, operator, now: new Date(), request: liveRequest(request) })(shell);
  };

  /** Puts back what the provider printed before the run, and takes away live mode where the run began it. */
  undo(run: { readonly run: string; readonly now: Date; readonly operator: string }): NodeJob {
    const { request } = this.#options;
    const putBack = undoJob({ ...run, request: liveRequest(request) });
    return async (shell) => {
      const answer = await putBack(shell);
      if (answer.status === "failed" || !this.#fresh.has(shell.target.name)) return answer;
      return await removeLive(shell, answer, request);
    };
  }

  #portsFor(live: LiveState | undefined): string[] {
    const { config, ports } = this.#options;
    const own = [...portsOf(config.credentials.map(({ key }) => key)), ...ports];
    return [...new Set([...(live?.ports ?? []), ...own])].sort((a, b) => Number(a) - Number(b));
  }

  #isOn(live: LiveState | undefined, ports: readonly string[]): boolean {
    return live?.state === "on" && ports.every((port) => live.ports.includes(port));
  }

  async #plan(
    shell: NodeShell,
    look: NodeLook,
    ports: readonly string[],
  ): Promise<NodeAnswer | undefined> {
    const { request } = this.#options;
    const { answer, stdout, nonce } = await shell.run(
      (login) => composeLive(request(login), "stage"),
      { keepAll: true },
    );
    if (answer.status === "failed") return answer;
    const plan = await planLive(readStage(stdout, nonce), ports);
    if (plan.type === "refused") {
      return refuse(answer, { ...plan, detail: cleanText(plan.detail, 300) });
    }
    this.#settings.set(shell.target.name, plan.settings);
    if (look.live === undefined || look.live.state === "undone") this.#fresh.add(shell.target.name);
    return undefined;
  }

  async #write(shell: NodeShell, { live }: NodeLook): Promise<NodeAnswer> {
    const { request, dryRun, config, merge } = this.#options;
    if (live === undefined && dryRun) {
      const changes = config.entries.map((key) => ({ key, change: "added" }) as const);
      const found = await lookAt(shell, request);
      return "failed" in found
        ? found.failed
        : { ...found.answer, what: "probed", changes, dryRun: true };
    }
    return await pushJob({
      ...this.#options,
      merge: merge && live !== undefined,
      request: liveRequest(request),
    })(shell);
  }

  #notices({ target }: NodeShell, look: NodeLook): Notice[] {
    const settings = this.#settings.get(target.name);
    const more = settings?.ports.filter((port) => look.live?.ports.includes(port) === false) ?? [];
    return [
      ...staleNotice(staleKeys(look, this.#options.config.entries)),
      ...(look.live?.state === "on" && more.length > 0
        ? [notice("PC553", `port ${more.join(", ")}`)]
        : []),
      ...(settings?.source === undefined ? [] : [notice("PC558", settings.source.path)]),
    ];
  }
}

/** Takes live mode away; the kubelet forgets it at its next start, which is due then. */
export async function removeLive(
  shell: NodeShell,
  answer: NodeAnswer,
  request: RequestOf,
): Promise<NodeAnswer> {
  const { answer: removed } = await shell.run((login) => composeLive(request(login), "remove"));
  if (removed.status === "failed") return removed;
  return removed.what === "removed" ? { ...answer, provider: "due" } : answer;
}

function notice(code: "PC553" | "PC558", detail: string): Notice {
  return { code, message: `${describeCode(code).title}: ${cleanText(detail, 300)}` };
}
