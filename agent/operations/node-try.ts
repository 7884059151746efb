import { randomBytes } from "node:crypto";
import { PullcastError } from "../errors.ts";
import type { EntryChange, HostKeyBy, Notice, Target } from "../model.ts";
import type { NodeProgram } from "../node/compose.ts";
import { hasVerdict, type NodeProgramReport, readReport } from "../node/read-report.ts";
import { isRetryable } from "../transport/retryable.ts";
import type { ExecRequest, Session, Transport } from "../transport/transport.ts";

/** One login on one node. */
export interface NodeLogin {
  readonly target: Target;
  /** The name that logged in. */
  readonly user: string;
  /** Fresh for every try. */
  readonly nonce: string;
}

/** What is done on a node over one connection: one program or several, one after the other. */
export type NodeJob = (shell: NodeShell) => Promise<NodeAnswer>;

/** A node that is logged in to. */
export interface NodeShell {
  readonly target: Target;
  /**
   * Runs one program and reads its answer.
   *
   * @throws where there is none, or the run was stopped: the job ends with it
   */
  run(compose: (login: NodeLogin) => NodeProgram, options?: ShellRunOptions): Promise<ShellAnswer>;
  /** See Session. */
  readonly forward?: Session["forward"];
}

interface ShellRunOptions {
  /** The digest that the node must have read back; absent where the node alone knows it. */
  readonly digest?: string;
  /** All that the program says is wanted, not only the end of it. */
  readonly keepAll?: boolean;
  /** What follows the program's input; see ExecRequest. */
  readonly more?: ExecRequest["more"];
  /** The longest it may take, ms. */
  readonly totalMs?: number;
  /** The longest silence, ms. */
  readonly idleMs?: number;
}

export interface ShellAnswer {
  readonly answer: ProgramAnswer;
  /** May hold credentials where all of it was wanted. */
  readonly stdout: string;
  readonly nonce: string;
}

type ProgramAnswer = Exclude<NodeProgramReport, { status: "lost" }>;

/** What a job came to on one node. */
export type NodeAnswer = ProgramAnswer & {
  /** What was or would be changed, entry by entry; absent where nobody looked. */
  readonly changes?: readonly EntryChange[];
  /** What the row says besides, for people. */
  readonly note?: string;
  /** Nothing was written: it tells what would be. */
  readonly dryRun?: true;
  /** Nothing of ours is there, and nothing was: there is nothing to come in force. */
  readonly isEmpty?: true;
  /** Where a provider delivers: whether the kubelet asks it, or must be restarted first. */
  readonly provider?: "on" | "due";
  /** What vouched for the node's host key. */
  readonly hostKeyBy?: HostKeyBy;
};

/** A job of one program. */
export function oneProgram(
  compose: (login: NodeLogin) => NodeProgram,
  options: ShellRunOptions = {},
): NodeJob {
  return async (shell) => (await shell.run(compose, options)).answer;
}

/** How one try on one node ended. */
export type NodeTry =
  /** The program gave its answer. */
  | {
      readonly type: "answered";
      readonly answer: NodeAnswer;
    }
  /** The link went while the program may have been at work: nobody here knows how far it came. */
  | { readonly type: "lost"; readonly detail: string }
  /** Nothing reached the node. */
  | { readonly type: "unreached"; readonly error: PullcastError }
  /** The run was stopped; `sent` tells whether the node may have got something. */
  | { readonly type: "stopped"; readonly sent: boolean };

/**
 * Connects to a node, runs one program there, reads its answer, hangs up.
 *
 * @throws only what is a bug: whatever a node or a network can do is a value
 */
export async function tryOnNode(
  transport: Transport,
  target: Target,
  options: { readonly job: NodeJob; readonly signal: AbortSignal },
): Promise<NodeTry> {
  const { job, signal } = options;
  let session: Session;
  try {
    session = await transport.open(target, signal);
  } catch (error) {
    return afterError(error, { signal, sent: false });
  }
  try {
    return await runJob(session, target, { job, signal });
  } finally {
    await session.close();
  }
}

async function runJob(
  session: Session,
  target: Target,
  { job, signal }: { readonly job: NodeJob; readonly signal: AbortSignal },
): Promise<NodeTry> {
  try {
    const answer = await job({
      target,
      run: (compose, options) => runProgram(session, { target, compose, signal, ...options }),
      ...(session.forward === undefined ? {} : { forward: session.forward.bind(session) }),
    });
    const warnings = [...newKeyNotice(session), ...(session.notices ?? []), ...answer.warnings];
    const { hostKeyBy } = session;
    const vouched = hostKeyBy === undefined ? {} : { hostKeyBy };
    return { type: "answered", answer: { ...answer, ...vouched, warnings } };
  } catch (error) {
    if (error instanceof NoAnswer) return { type: "lost", detail: error.message };
    return afterError(error, { signal, sent: session.begun ?? true });
  }
}

/** A program's answer did not come: ends a job, and goes no further. */
class NoAnswer extends Error {}

interface ProgramRun extends ShellRunOptions {
  readonly target: Target;
  readonly compose: (login: NodeLogin) => NodeProgram;
  readonly signal: AbortSignal;
}

async function runProgram(
  session: Session,
  { target, compose, signal, digest, keepAll = false, more, totalMs, idleMs }: ProgramRun,
): Promise<ShellAnswer> {
  const nonce = randomBytes(16).toString("hex");
  const { access, ...program } = compose({ target, user: session.user, nonce });
  const outcome = await session.run({
    ...program,
    ...(keepAll ? { keepAll } : {}),
    ...(more === undefined ? {} : { more }),
    ...(totalMs === undefined ? {} : { totalMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    isComplete: (tail) => hasVerdict(tail, nonce),
    signal,
  });
  const answer = readReport(outcome, {
    nonce,
    access,
    ...(digest === undefined ? {} : { digest }),
  });
  if (answer.status === "lost") throw new NoAnswer(answer.detail);
  return { answer, stdout: outcome.stdout, nonce };
}

/** A first contact is told for each node: nobody compared its key with anything. */
function newKeyNotice({ hostKeyAdded, hostKeyFingerprint }: Session): Notice[] {
  return hostKeyAdded === true
    ? [{ code: "PC216", message: `new host key ${hostKeyFingerprint}, now in known_hosts` }]
    : [];
}

function afterError(
  error: unknown,
  { signal, sent }: { readonly signal: AbortSignal; readonly sent: boolean },
): NodeTry {
  if (signal.aborted) return { type: "stopped", sent };
  if (!(error instanceof PullcastError)) throw error;
  // Only in this phase can the program have been running on the node.
  if (sent && error.phase === "exec") return { type: "lost", detail: error.message };
  return { type: "unreached", error };
}

/** Whether the same job on the same node may end better a moment later. */
export function isWorthRetry(tried: NodeTry): boolean {
  switch (tried.type) {
    case "lost":
      return true;
    case "unreached":
      return isRetryable(tried.error);
    case "answered":
      return tried.answer.status === "failed" && WORTH_RETRY.has(tried.answer.code);
    case "stopped":
      return false;
  }
}

/** The code of a failure that will meet other nodes too, and that no further try mends. */
export function hopelessCause(tried: NodeTry): string | undefined {
  if (isWorthRetry(tried)) return undefined;
  if (tried.type === "unreached") return tried.error.code;
  return tried.type === "answered" && tried.answer.status === "failed"
    ? tried.answer.code
    : undefined;
}

/** The upload did not arrive as it was sent, or came too late: the node has changed nothing. */
const WORTH_RETRY: ReadonlySet<string> = new Set(["PC310", "PC311", "PC330"]);
