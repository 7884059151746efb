import type { Code } from "../../errors.ts";
import type { RunFacts } from "../../model.ts";
import { composeInstall, composeLook, type NodeRequest } from "../../node/compose.ts";
import { LIVE_DIR } from "../../node/live-files.ts";
import { type NodeLook, readLook } from "../../node/read-look.ts";
import { formatStory } from "../../node/story.ts";
import type { NodeAnswer, NodeLogin, NodeShell, ShellAnswer } from "../node-try.ts";
import type { MergePlan } from "./plan-merge.ts";

/** What a look found, and the program's own answer. */
export interface Looked {
  readonly look: NodeLook;
  readonly answer: DoneAnswer;
}

/** A program's answer that is no failure. */
export type DoneAnswer = Extract<NodeAnswer, { status: "done" }>;

/** What every program on a node is told. */
export type RequestOf = (login: NodeLogin) => NodeRequest;

/** Others may write at the same time: a node is looked at anew so often before a run gives up. */
const MAX_LOOKS = 5;

/** Does a look and what follows from it again while others come between them (PC330). */
export async function untilWritten(once: () => Promise<NodeAnswer>): Promise<NodeAnswer> {
  for (let round = 1; ; round += 1) {
    const answer = await once();
    const isLate = answer.status === "failed" && answer.code === "PC330";
    if (!isLate || round === MAX_LOOKS) return answer;
  }
}

/**
 * Looks at a node once; what kept it from that is the answer.
 *
 * @param past - a run whose file is wanted as well, or `all`
 */
export async function lookAt(
  shell: NodeShell,
  request: RequestOf,
  past?: string,
): Promise<Looked | { readonly failed: NodeAnswer }> {
  const { answer, stdout, nonce } = await shell.run(
    (login) => composeLook({ ...request(login), ...(past === undefined ? {} : { past }) }),
    { keepAll: true },
  );
  if (answer.status === "failed") return { failed: answer };
  return { look: readLook(stdout, nonce), answer };
}

/** A look, and how to ask about the place that was looked at. */
type LookedPlace = Looked & { readonly request: RequestOf };

/** Looks at all places of a node where a push may have put credentials. */
export interface LookedPlaces {
  /** The kubelet's own file. */
  readonly own: LookedPlace;
  /** What a provider prints, or would: absent where nothing of live mode is there. */
  readonly provider?: LookedPlace;
}

/**
 * Looks at the kubelet's file, and where there is live mode, at what its provider prints.
 *
 * @param past - a run whose file is wanted as well, or `all`
 */
export async function lookAtPlaces(
  shell: NodeShell,
  request: RequestOf,
  past?: string,
): Promise<LookedPlaces | { readonly failed: NodeAnswer }> {
  const own = await lookAt(shell, request, past);
  if ("failed" in own) return own;
  const place = { ...own, request };
  if (own.look.live === undefined) return { own: place };
  const byProvider = liveRequest(request);
  const provider = await lookAt(shell, byProvider, past);
  if ("failed" in provider) return provider;
  return { own: place, provider: { ...provider, request: byProvider } };
}

/** The place that counts: a provider's, unless the kubelet never came to ask it and pullcast's file is there. */
export function countingPlace({ own, provider }: LookedPlaces): LookedPlace {
  if (provider === undefined) return own;
  return provider.look.live?.state === "undone" && own.look.record !== undefined ? own : provider;
}

/** A request about the file that a provider prints. */
export function liveRequest(request: RequestOf): RequestOf {
  return (login): NodeRequest => ({ ...request(login), dir: LIVE_DIR });
}

interface Writing {
  readonly plan: Extract<MergePlan, { type: "write" }>;
  readonly request: RequestOf;
  readonly story: RunFacts;
  /** In place of the request's. */
  readonly replace?: boolean;
  /** Keep none of the files that earlier runs left. @default false */
  readonly forgetPast?: boolean;
}

/** Writes what was planned, if the file that was looked at still stands there. */
export async function writePlan(
  shell: NodeShell,
  { plan: { file, terms, entries }, request, story, ...more }: Writing,
): Promise<ShellAnswer["answer"]> {
  const { answer } = await shell.run(
    (login) =>
      composeInstall({
        ...request(login),
        ...more,
        config: file,
        story: formatStory({ ...story, entries }),
        merge: terms,
      }),
    { digest: file.digest },
  );
  return answer;
}

/** A node's answer where its file stands against what was to be done. */
export function refuse(
  { path, pathProof, warnings }: DoneAnswer,
  { code, detail, fix }: { readonly code: Code; readonly detail: string; readonly fix?: string },
): NodeAnswer {
  return {
    status: "failed",
    code,
    detail: detail === "" ? path : `${path}: ${detail}`,
    ...(fix === undefined ? {} : { fix }),
    began: true,
    path,
    pathProof,
    warnings,
  };
}
