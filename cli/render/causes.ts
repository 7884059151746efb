import { type Code, describeCode } from "../../agent/index.ts";
import { groupBy, nameList } from "./groups.ts";

/** Something that is to be mended, as the lines after a table tell it. */
export interface Failure {
  readonly code: Code;
  /** Of the node, or of what else it is about. */
  readonly name: string;
  readonly message: string;
  readonly fix: string;
  /** A text without what is this one's own, so that many can share a line. */
  readonly neutral: (text: string) => string;
}

/** Distinct texts of one code that are shown; a document has all. */
const MAX_SHOWN = 3;

/**
 * Failures by code, each with its names and the step that mends it. What happened in particular is told only
 * where no other line has told it.
 *
 * @param isTold - whether the reader has seen this message already
 */
export function causeLines(
  failures: readonly Failure[],
  isTold: (message: string) => boolean,
): string[] {
  return groupBy(failures, ({ code }) => code).flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const { title } = describeCode(first.code);
    const count = members.length === 1 ? "" : `${members.length}: `;
    const head = `${first.code} ${title} (${count}${namesOf(members)})`;
    return [head, ...details(members, { title, isTold }), ...fixes(members)];
  });
}

function namesOf(failures: readonly Failure[]): string {
  return nameList(failures.map(({ name }) => name));
}

function details(
  failures: readonly Failure[],
  { title, isTold }: { readonly title: string; readonly isTold: (message: string) => boolean },
): string[] {
  const groups = groupBy(failures, ({ message, neutral }) => neutral(message));
  const lines = groups.flatMap((members) => {
    const text = shared(members, ({ message }) => message);
    const told = isTold(text) || members.every(({ message }) => isTold(message));
    if (told || text === "" || text === title) return [];
    const names = groups.length > 1 ? `${namesOf(members)}: ` : "";
    // The line above has the title.
    return [`  ${names}${text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text}`];
  });
  return some(lines);
}

function fixes(failures: readonly Failure[]): string[] {
  const groups = groupBy(failures, ({ fix, neutral }) => neutral(fix));
  const texts = groups.map((members) => shared(members, ({ fix }) => fix));
  return some(texts.filter((text) => text !== "").map((text) => `  fix: ${text}`));
}

/** As it is where all say the same, else without what is each one's own. */
function shared(failures: readonly Failure[], textOf: (failure: Failure) => string): string {
  const [first] = failures;
  if (first === undefined) return "";
  const text = textOf(first);
  return failures.every((failure) => textOf(failure) === text) ? text : first.neutral(text);
}

function some(lines: readonly string[]): string[] {
  if (lines.length <= MAX_SHOWN) return [...lines];
  return [...lines.slice(0, MAX_SHOWN), `  and ${lines.length - MAX_SHOWN} more: -o wide or json`];
}
