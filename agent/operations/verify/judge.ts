import { ACR_HOST } from "../../acr.ts";
import { cloudOf } from "../../cluster/node-kinds.ts";
import { type Code, describeCode } from "../../errors.ts";
import type { Notice, PullReport, PullResult, Target } from "../../model.ts";
import type { AnonymousAnswer } from "../../registry/anonymous.ts";
import type { ImageReference } from "../../registry/reference.ts";
import { classifyPullFailure } from "./pull-failure.ts";
import type { PodTry } from "./try-pod.ts";

/** What a try is judged by. */
export interface Evidence {
  readonly proof: "pull" | "auth";
  readonly target: Target;
  readonly reference: ImageReference;
  /** As the kubelet was told. */
  readonly image: string;
  readonly anonymous: AnonymousAnswer;
  /** The user says that strangers can't pull it. */
  readonly assumePrivate: boolean;
  /** When the last known push is in force at the latest. */
  readonly effectiveBy: Date | undefined;
  /** An earlier pod of this run was denied: what serves now is newer. */
  readonly deniedBefore: boolean;
}

/** The part of a report that one try decides. */
export type Verdict = Pick<PullReport, "result" | "ran"> & {
  readonly code?: Code;
  readonly message?: string;
  readonly fix?: string;
  readonly warnings?: readonly Notice[];
};

/** What a try proves; `undefined` for one that was stopped. */
export function judgeTry(tried: PodTry, evidence: Evidence): Verdict | undefined {
  const { outcome, ran } = tried;
  switch (outcome.type) {
    case "stopped":
      return undefined;
    case "broken":
      return coded("unproven", outcome.code, outcome.message);
    case "pulled":
      return evidence.proof === "auth" ? servedNothing() : judgePulled(tried, evidence);
    case "refused": {
      const { result, code } = classifyPullFailure(outcome.message, evidence.image);
      if (evidence.proof === "auth" && result === "not-found") return judgeLetIn(tried, evidence);
      return { ...coded(result, code, outcome.message), ran };
    }
  }
}

/** Whether a result may come from what the kubelet read before a push. */
export function mayBeStale(
  { result }: Pick<Verdict, "result">,
  anonymous: AnonymousAnswer,
): boolean {
  // Registries may hide from strangers what exists; one that denies them has let this node in.
  if (result === "not-found") return anonymous.result !== "denied";
  return result === "denied" || result === "denied-or-missing";
}

/** The verdict of a denial that the run had no time to see through. */
export function notYet(denial: Verdict): Verdict {
  const { title } = describeCode("PC501");
  return coded("not-yet", "PC501", `${title}; so far: ${denial.message ?? denial.result}`);
}

/** The verdict on a node that was busy when the run was stopped: its pod may have pulled. */
export const INTERRUPTED: Verdict = coded("unproven", "PC543", describeCode("PC543").title);

function judgePulled(tried: PodTry, evidence: Evidence): Verdict {
  const { anonymous } = evidence;
  const { ran } = tried;
  if (anonymous.result === "public") {
    return { ...coded("public", "PC470", describeCode("PC470").title), ran };
  }
  return servedIfPrivate(tried, evidence, { result: "pulled", ran });
}

/** "Not found" for a digest that can't exist: the registry let the node in, if it keeps strangers out. */
function judgeLetIn(tried: PodTry, evidence: Evidence): Verdict {
  const { anonymous } = evidence;
  if (anonymous.result === "not-found" || anonymous.result === "public") {
    return coded("unproven", "PC471", describeCode("PC471").title);
  }
  const message = "let in: the registry looked for a digest that can't exist";
  return servedIfPrivate(tried, evidence, { result: "pulled", ran: "-", message });
}

/** A node that was served proves its credential only where strangers are known to be refused. */
function servedIfPrivate(tried: PodTry, evidence: Evidence, served: Verdict): Verdict {
  const { anonymous, assumePrivate } = evidence;
  const doubts = warnings(tried, evidence);
  if (anonymous.result !== "unknown" || assumePrivate) return { ...served, ...doubts };
  const { title } = describeCode("PC472");
  const unproven = coded("unproven", "PC472", `${title}: from here, ${anonymous.reason}`);
  const fix = anonymous.untrusted === true ? TRUST_FIX : unproven.fix;
  return { ...unproven, ...(fix === undefined ? {} : { fix }), ran: served.ran, ...doubts };
}

const TRUST_FIX = "--ca FILE with the CA of the registry, so that this machine can ask it";

function servedNothing(): Verdict {
  return coded("unproven", "PC508", "an image was served for a digest that can't exist");
}

/** Reasons to doubt that the pushed file served a pull. */
function warnings(tried: PodTry, evidence: Evidence): { warnings?: readonly Notice[] } {
  const { anonymous, assumePrivate, effectiveBy, deniedBefore, target, reference } = evidence;
  const found: Notice[] = [];
  if (anonymous.result === "unknown" && assumePrivate) {
    const message = `--assume-private: nobody asked as a stranger: from here, ${anonymous.reason}`;
    found.push({ code: "PC472", message });
  }
  if (!deniedBefore && effectiveBy !== undefined && tried.createdAt < effectiveBy) {
    found.push({ code: "PC501", message: "what the kubelet read before may have served" });
  }
  const cloud = target.node === undefined ? undefined : cloudOf(target.node);
  if (cloud !== undefined && OWN_REGISTRIES[cloud].test(reference.domain)) {
    const message = `${cloud}'s own credential provider serves this registry on the node`;
    found.push({ code: "PC505", message });
  }
  return found.length === 0 ? {} : { warnings: found };
}

/** Registries that a cloud's kubelets log in to by themselves. */
const OWN_REGISTRIES = {
  GKE: /(?:^|\.)gcr\.io$|\.pkg\.dev$/,
  EKS: /\.dkr[.-]ecr.*\.amazonaws\.com(?:\.cn)?$/,
  AKS: ACR_HOST,
} as const;

/** A verdict with a code, and with what the code says to do. */
export function coded(result: PullResult, code: Code, message: string): Verdict {
  return { result, code, message, fix: describeCode(code).fix, ran: "-" };
}
