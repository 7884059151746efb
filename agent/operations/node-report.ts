import { describeCode, type PullcastError } from "../errors.ts";
import { KUBELET_CACHE_MS } from "../kubelet/cache-time.ts";
import type { EntryChange, NodeReport, NodeResult, Notice, SkippedNode, Target } from "../model.ts";
import { hostPort } from "../transport/ssh-error.ts";
import type { ChosenTransport } from "../transport/transport.ts";
import { cleanText } from "../util/clean-text.ts";
import { missingSshd } from "./missing-sshd.ts";
import type { NodeAnswer, NodeTry } from "./node-try.ts";
import type { KnownPush } from "./run-records.ts";

/** One try and what is known around it. */
export interface TryContext {
  readonly tried: NodeTry;
  /** An earlier try was lost while the node worked: it may have done the job. */
  readonly lostBefore: boolean;
  readonly durationMs: number;
  readonly now: Date;
  /** What this machine is known to have sent there before this run. */
  readonly lastPush?: KnownPush | undefined;
}

/** What a try on a node came to, for the report. */
export function nodeReport(target: Target, context: TryContext): NodeReport {
  const { tried, lastPush } = context;
  const base = reportBase(target, context.durationMs);
  switch (tried.type) {
    case "unreached":
      // An earlier try may have done the job: "failed" would promise that nothing changed.
      return {
        ...base,
        ...(context.lostBefore ? lost(tried.error.message) : failure(target, tried.error)),
      };
    case "stopped":
      return { ...base, ...stopped(tried.sent || context.lostBefore) };
    case "lost":
      return { ...base, ...lost(tried.detail) };
    case "answered":
      return {
        ...base,
        ...answered(tried.answer, {
          ...context,
          // A name may mean another machine than it did.
          lastPush: lastPush?.address === base.address ? lastPush : undefined,
        }),
      };
  }
}

/** How a job that asks a node ended where there is no answer: what is no end of its own is a failure. */
export function unansweredResult({
  result,
}: NodeReport): "skipped" | "not-attempted" | "unknown" | "failed" {
  return result === "skipped" || result === "not-attempted" || result === "unknown"
    ? result
    : "failed";
}

/** A report with what carried the work, where that was decided. */
export function withTransport(report: NodeReport, chosen: ChosenTransport | undefined): NodeReport {
  if (chosen === undefined) return report;
  const { notices, ...choice } = chosen;
  const warnings = [...notices, ...(report.warnings ?? [])];
  return { ...report, ...choice, ...(warnings.length === 0 ? {} : { warnings }) };
}

/** The report of a node that was selected and refused before anything was sent. */
export function refusedReport(node: SkippedNode): NodeReport {
  return {
    node: node.name,
    address: "",
    result: "failed",
    phase: "select",
    code: node.code,
    message: node.message,
    fix: node.fix ?? describeCode(node.code).fix,
    durationMs: 0,
  };
}

/** The report of a node in a plan that connects to none. */
export function plannedReport(target: Target): NodeReport {
  return { ...reportBase(target, 0), result: "would-update", message: "not looked at" };
}

/** The report of a node that is never a target. */
export function skippedReport(node: SkippedNode): NodeReport {
  return {
    node: node.name,
    address: "",
    result: "skipped",
    code: node.code,
    message: node.message,
    durationMs: 0,
  };
}

/**
 * The report of a node that the run never came to.
 *
 * @param cause - what ended the run; absent where it was interrupted
 */
export function notAttemptedReport(target: Target, cause?: Notice): NodeReport {
  const base = reportBase(target, 0);
  if (cause === undefined) return { ...base, ...stopped(false) };
  const { code, message } = cause;
  return { ...base, result: "not-attempted", code, message, fix: describeCode(code).fix };
}

/** Whether an interrupted run left a node without its end, or its kubelet without the restart that was asked for. */
export function isUnfinished({ result, warnings = [] }: NodeReport): boolean {
  if (result === "not-attempted" || result === "unknown") return true;
  return warnings.some(({ code }) => code === "PC509" || code === "PC542");
}

function reportBase(target: Target, durationMs: number) {
  return {
    node: target.name,
    address: formatAddress(target),
    ...(target.node === undefined ? {} : { uid: target.node.uid }),
    durationMs: Math.round(durationMs),
  };
}

/** `HOST`, `HOST:PORT` or `[IPV6]:PORT`, as the user would write it. */
function formatAddress(target: Target): string {
  return target.port === undefined ? target.host : hostPort(target.host, target.port);
}

type Ending = Omit<NodeReport, "node" | "address" | "uid" | "durationMs">;

function stopped(sent: boolean): Ending {
  return sent
    ? { result: "unknown", phase: "exec", ...coded("PC226", "the run was interrupted meanwhile") }
    : { result: "not-attempted", message: "the run was interrupted first" };
}

function lost(detail: string): Ending {
  return { result: "unknown", phase: "exec", ...coded("PC322", detail) };
}

function failure(target: Target, error: PullcastError): Ending {
  return {
    result: "failed",
    code: error.code,
    message: error.message,
    fix: error.fix,
    ...missingSshd(target, error),
    ...(error.phase === undefined ? {} : { phase: error.phase }),
  };
}

function coded(
  code: "PC226" | "PC255" | "PC322",
  detail: string,
): Pick<Ending, "code" | "message" | "fix"> {
  const { title, fix } = describeCode(code);
  return { code, message: `${title}: ${detail}`, fix };
}

function answered(answer: NodeAnswer, context: TryContext): Ending {
  const found = {
    ...(answer.hostKeyBy === undefined ? {} : { hostKeyBy: answer.hostKeyBy }),
    ...(answer.changes === undefined ? {} : { changes: answer.changes.map(cleanChange) }),
    ...(answer.warnings.length === 0 ? {} : { warnings: answer.warnings }),
  };
  if (answer.status === "failed") return { ...refusal(answer, context), ...found };
  if (answer.dryRun) {
    const result = answer.what === "unchanged" ? "unchanged" : "would-update";
    const { path, pathProof } = answer;
    return { result, path, pathProof, ...providerOf(answer), ...found };
  }
  const result = resultOf(answer, context);
  const effectiveBy = inForce(answer, context);
  return {
    result,
    path: answer.path,
    pathProof: answer.pathProof,
    ...providerOf(answer),
    ...(effectiveBy === undefined ? {} : { effectiveBy: effectiveBy.toISOString() }),
    ...(answer.kept === undefined ? {} : { kept: answer.kept }),
    ...remarks(answer, context),
    ...found,
  };
}

function providerOf({ provider }: Done): Pick<Ending, "provider"> {
  return provider === undefined ? {} : { provider };
}

/** Keys of others are any text. */
function cleanChange({ key, manager, ...rest }: EntryChange): EntryChange {
  return {
    key: cleanText(key, 300),
    ...rest,
    ...(manager === undefined ? {} : { manager: cleanText(manager, 300) }),
  };
}

/** What a row says besides its result: others' files that were moved away must be found again. */
function remarks({ what, kept, note }: Done, { lostBefore }: TryContext): Pick<Ending, "message"> {
  const found: string[] = note === undefined ? [] : [note];
  if (lostBefore) found.push("the link was lost once; confirmed by a second try");
  if (kept !== undefined) {
    found.push(
      what === "updated" ? `restore brings back ${kept}` : `what stood there is kept as ${kept}`,
    );
  }
  return found.length === 0 ? {} : { message: found.join("; ") };
}

type Refusal = Extract<NodeAnswer, { status: "failed" }>;

function refusal(answer: Refusal, context: TryContext): Ending {
  const place = {
    ...(answer.path === undefined ? {} : { path: answer.path }),
    ...(answer.pathProof === undefined ? {} : { pathProof: answer.pathProof }),
  };
  if (answer.code === "PC317") return { ...nothingLeft(context), ...place };
  const { title, fix } = describeCode(answer.code);
  const message = answer.detail === "" ? title : `${title}: ${answer.detail}`;
  return {
    result: "failed",
    phase: "install",
    code: answer.code,
    message,
    fix: answer.fix ?? fix,
    ...place,
  };
}

/** A second restore finds nothing to do; a restore whose answer was lost has done it. */
function nothingLeft({ lostBefore, now, lastPush }: TryContext): Ending {
  if (lostBefore) {
    return {
      result: "restored",
      message: "the link was lost once; nothing is left to restore",
      effectiveBy: new Date(now.getTime() + KUBELET_CACHE_MS).toISOString(),
    };
  }
  const effectiveBy = stillAhead(lastPush, now);
  return {
    result: "unchanged",
    message: "nothing is left to restore",
    ...(effectiveBy === undefined ? {} : { effectiveBy: effectiveBy.toISOString() }),
  };
}

type Done = Extract<NodeAnswer, { status: "done" }>;

function resultOf(answer: Done, context: TryContext): NodeResult {
  switch (answer.what) {
    case "restored":
    case "removed":
      return answer.what;
    case "unchanged":
      // The lost try had done it: this run changed the file.
      return context.lostBefore ? "updated" : "unchanged";
    default:
      return "updated";
  }
}

/** When the kubelet uses the file at the latest; `undefined` where it did before this run. */
function inForce(answer: Done, { now, durationMs, lastPush }: TryContext): Date | undefined {
  const isOld = answer.what === "unchanged";
  if (answer.isEmpty) return stillAhead(lastPush, now);
  // A provider's answers are kept by nobody.
  if (answer.provider !== undefined) return isOld || answer.provider === "due" ? undefined : now;
  // A clock set back makes files of the future: they count as new.
  const ageMs = isOld ? Math.max(0, (answer.ageSeconds ?? 0) * 1000) : 0;
  const writtenMs = now.getTime() - ageMs;
  if (isOld && lastPush?.restarted === true) {
    // A kubelet that was restarted after the file was written has read no other. Its age is in whole seconds, and
    // was told while this try went on.
    const earliestMs = writtenMs - durationMs - 1000;
    if (lastPush.effectiveBy.getTime() >= earliestMs) return undefined;
  }
  const read = new Date(writtenMs + KUBELET_CACHE_MS);
  if (!isOld) return read;
  // A file that was put back is older than its return.
  const known = stillAhead(lastPush, now);
  if (known !== undefined && known > read) return known;
  return read > now ? read : undefined;
}

function stillAhead(lastPush: KnownPush | undefined, now: Date): Date | undefined {
  return lastPush !== undefined && lastPush.effectiveBy > now ? lastPush.effectiveBy : undefined;
}
