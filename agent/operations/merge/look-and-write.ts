import type { Code } from "../../errors.ts";
import type { RunFacts } from "../../model.ts";
import { composeInstall, composeLook, type NodeRequest } from "../../node/compose.ts";
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
  { code, detail }: { readonly code: Code; readonly detail: string },
): NodeAnswer {
  const where = detail === "" ? path : `${path}: ${detail}`;
  return { status: "failed", code, detail: where, began: true, path, pathProof, warnings };
}
