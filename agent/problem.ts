import { type Code, describeCode, type PullcastError } from "./errors.ts";
import type { Notice, Problem } from "./model.ts";

/** What is to be said beside a code's own title. */
export interface ProblemAbout {
  /** A clause; nothing secret. */
  readonly detail: string;
  readonly key?: string;
  /** Replaces the code's own where the exact step is known. */
  readonly fix?: string;
}

/** A problem in the words of its code. */
export function problem(code: Code, severity: Problem["severity"], about: ProblemAbout): Problem {
  const { title, fix } = describeCode(code);
  return {
    code,
    severity,
    ...(about.key === undefined ? {} : { key: about.key }),
    message: `${title}: ${about.detail}`,
    fix: about.fix ?? fix,
  };
}

/** An error that is about one entry, as a problem. */
export function errorProblem(key: string, { code, message, fix }: PullcastError): Problem {
  return { code, severity: "error", key, message, fix };
}

/** A remark of a source, as a problem. */
export function noticeProblem({ code, message }: Notice): Problem {
  return { code, severity: "warning", message, fix: describeCode(code).fix };
}

/** Errors before warnings, each in their order. */
export function errorsFirst(problems: readonly Problem[]): Problem[] {
  return [
    ...problems.filter(({ severity }) => severity === "error"),
    ...problems.filter(({ severity }) => severity === "warning"),
  ];
}
