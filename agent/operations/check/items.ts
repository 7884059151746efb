import { type Code, describeCode, PullcastError } from "../../errors.ts";
import type { CheckGroup, CheckItem, Notice } from "../../model.ts";

/** What a line is about. */
export interface Subject {
  readonly group: CheckGroup;
  readonly name: string;
}

/** How a line that isn't well reads; the code's title comes before the detail. */
interface Finding {
  readonly code: Code;
  readonly detail?: string;
  /** Replaces the code's own. */
  readonly fix?: string;
}

export function okItem(subject: Subject, message: string): CheckItem {
  return { ...subject, result: "ok", code: "PC000", message };
}

export function warningItem(subject: Subject, finding: Finding): CheckItem {
  return { ...subject, result: "warning", ...told(finding) };
}

export function failedItem(subject: Subject, finding: Finding): CheckItem {
  return { ...subject, result: "failed", ...told(finding) };
}

/** A notice says all in its own words. */
export function noticeItem(subject: Subject, { code, message }: Notice): CheckItem {
  return { ...subject, result: "warning", code, message, fix: describeCode(code).fix };
}

/** Nobody could tell; without a code of its own it is PC132. */
export function notTriedItem(
  subject: Subject,
  finding: Omit<Finding, "code"> & { readonly code?: Code },
): CheckItem {
  return { ...subject, result: "not-tried", ...told({ code: "PC132", ...finding }) };
}

/** An error that pullcast knows, as a line; anything else is a bug and goes on. */
export function errorItem(subject: Subject, error: unknown): CheckItem {
  if (!(error instanceof PullcastError)) throw error;
  const { code, message, fix } = error;
  return { ...subject, result: "failed", code, message, fix };
}

function told({ code, detail, fix }: Finding): Pick<CheckItem, "code" | "message" | "fix"> {
  const entry = describeCode(code);
  const message = detail === undefined ? entry.title : `${entry.title}: ${detail}`;
  return { code, message, fix: fix ?? entry.fix };
}
